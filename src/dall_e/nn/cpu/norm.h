/* What happens to a row on its own: norms, the residual sum, activations. */

#ifndef DALL_E_NORM_H
#define DALL_E_NORM_H

#include "structures.h"
#include "vectors.h"

/* y = norm(x), which may be the same memory. */
static void normalise(const norm *n, const float *x, float *y, int64_t width) {
    if (n->kind == NO_NORM) {
        if (y != x) memcpy(y, x, width * sizeof *y);
        return;
    }
    int64_t in_vectors = width / LANES * LANES;

    float mean = 0.0f;
    if (n->kind == LAYER_NORM) {
        vec sum = {0};
        for (int64_t i = 0; i < in_vectors; i += LANES) sum += load(x + i);
        mean = sum_of(sum);
        for (int64_t i = in_vectors; i < width; i++) mean += x[i];
        mean /= width;
    }

    vec squares = {0};
    for (int64_t i = 0; i < in_vectors; i += LANES) {
        vec centred = load(x + i) - mean;
        squares += centred * centred;
    }
    float square = sum_of(squares);
    for (int64_t i = in_vectors; i < width; i++) square += (x[i] - mean) * (x[i] - mean);

    float scale = 1.0f / sqrtf(square / width + n->eps);
    for (int64_t i = 0; i < width; i++)
        y[i] = (x[i] - mean) * scale * n->weight[i] + (n->bias ? n->bias[i] : 0.0f);
}

static void add_to(float *x, const float *y, int64_t width) {
    for (int64_t i = 0; i < width; i++) x[i] += y[i];
}

/* act(up), or act(gate) * up where two projections stand side by side, the gate first. The rest of
   the last vector is filled with zeros. */
static void activate(const float *x, float *y, int64_t width, int kind) {
    for (int64_t i = 0; i < width; i += LANES) {
        vec up = load(x + i), activated;
        if (kind == SILU_GATED) activated = up * sigmoid(up) * load(x + width + i);
        else if (kind == GELU_GATED) activated = gelu(up) * load(x + width + i);
        else if (kind == GELU) activated = gelu(up);
        else if (kind == GELU_TANH)
            activated = up * sigmoid(1.5957691216f * (up + 0.044715f * up * up * up));
        else activated = up * sigmoid(1.702f * up);
        store(y + i, activated);
    }
    for (int64_t i = width; i < (width + LANES - 1) / LANES * LANES; i++) y[i] = 0.0f;
}

#endif
