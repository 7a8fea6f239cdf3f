/* Linear layers of a few rows: y[r] = W x[r] + bias for a range of output channels.

   Weights are read where they lie, in float32, bfloat16 or eight bits, row by row; small matrices
   in panels of 16 output channels; four bits as torch packs them (`int4.h`). Every sum is made in
   an order that depends on neither the number of rows nor the range. */

#ifndef DALL_E_LINEAR_H
#define DALL_E_LINEAR_H

#include "int4.h"
#include "structures.h"
#include "vectors.h"

#define PANEL 16
#define PANEL_VECTORS (PANEL / LANES)

INLINE vec weights_at(const void *values, int64_t at, int kind) {
    if (kind == FLOAT32) return load((const float *)values + at);
    if (kind == BFLOAT16) {
        loose_u16 bits = *(const loose_u16 *)((const uint16_t *)values + at);
        return (vec)(__builtin_convertvector(bits, uvec) << 16);
    }
    return __builtin_convertvector(from_int8((const int8_t *)values + at), vec);
}

INLINE float weight_at(const void *values, int64_t at, int kind) {
    if (kind == FLOAT32) return ((const float *)values)[at];
    if (kind == BFLOAT16) return from_bfloat16(((const uint16_t *)values)[at]);
    return ((const int8_t *)values)[at];
}

/* Row by row */

/* Up to 8 rows and up to 4 output channels, from `first` on: one sum in a register for each. */
INLINE void dot_products(const linear *w, const float *x, int64_t x_step, float *y, int64_t y_step,
                         int64_t first, const int rows, const int outputs, const int kind) {
    vec sums[4][8];
    for (int o = 0; o < outputs; o++)
        for (int r = 0; r < rows; r++) sums[o][r] = (vec){0};

    /* The next channels are fetched ahead: these rows are too short for the processor to see that
       others follow. */
    const int bytes = kind == FLOAT32 ? 4 : kind == BFLOAT16 ? 2 : 1;
    const char *next = (const char *)w->values + (first + outputs) * w->stride * bytes;

    int64_t in_vectors = w->inputs / LANES * LANES;
    for (int64_t i = 0; i < in_vectors; i += LANES) {
        vec weights[4];
        for (int o = 0; o < outputs; o++) {
            weights[o] = weights_at(w->values, (first + o) * w->stride + i, kind);
            if (i % (64 / bytes) == 0) __builtin_prefetch(next + (o * w->stride + i) * bytes);
        }
        for (int r = 0; r < rows; r++) {
            vec input = load(x + r * x_step + i);
            for (int o = 0; o < outputs; o++) sums[o][r] += weights[o] * input;
        }
    }

    /* What does not fill a vector, the scale, the bias. */
    for (int o = 0; o < outputs; o++) {
        int64_t channel = first + o;
        float scale = 1.0f;
        if (kind == INT8) scale = from_bfloat16(((const uint16_t *)w->scales)[channel]);
        for (int r = 0; r < rows; r++) {
            float sum = sum_of(sums[o][r]);
            for (int64_t i = in_vectors; i < w->inputs; i++)
                sum += weight_at(w->values, channel * w->stride + i, kind) * x[r * x_step + i];
            y[r * y_step + channel] = sum * scale + (w->bias ? w->bias[channel] : 0.0f);
        }
    }
}

/* Four output channels, with as many sums at once as there are registers for. */
INLINE void four_outputs(const linear *w, const float *x, int64_t x_step, float *y, int64_t y_step,
                         int64_t first, const int rows, const int kind) {
    if (4 * rows <= REGISTERS / 2) {
        dot_products(w, x, x_step, y, y_step, first, rows, 4, kind);
        return;
    }
    dot_products(w, x, x_step, y, y_step, first, rows, 2, kind);
    dot_products(w, x, x_step, y, y_step, first + 2, rows, 2, kind);
}

/* All rows, in chunks whose size the compiler knows. */
INLINE void row_by_row(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                       int64_t y_step, int64_t first, int64_t last, const int kind) {
    for (int64_t o = first; o < last; o += 4) {
        int outputs = (int)MIN(4, last - o);
        int64_t chunk;
        for (int64_t r = 0; r < rows; r += chunk) {
            const float *in = x + r * x_step;
            float *out = y + r * y_step;
            int64_t left = rows - r;
            if (outputs < 4) {
                chunk = 1;
                for (int extra = 0; extra < outputs; extra++)
                    dot_products(w, in, x_step, out, y_step, o + extra, 1, 1, kind);
            } else if (left >= 8 && REGISTERS == 32) {
                four_outputs(w, in, x_step, out, y_step, o, 8, kind), chunk = 8;
            } else if (left >= 4) {
                four_outputs(w, in, x_step, out, y_step, o, 4, kind), chunk = 4;
            } else if (left == 3) {
                four_outputs(w, in, x_step, out, y_step, o, 3, kind), chunk = 3;
            } else if (left == 2) {
                four_outputs(w, in, x_step, out, y_step, o, 2, kind), chunk = 2;
            } else {
                four_outputs(w, in, x_step, out, y_step, o, 1, kind), chunk = 1;
            }
        }
    }
}

/* Panels: [outputs / 16, inputs, 16], made by `stack.py` of small matrices */

/* Up to 8 rows and up to two panels: no sum runs across a vector. */
INLINE void panel_products(const linear *w, const float *x, int64_t x_step, float *y,
                           int64_t y_step, int64_t first, const int rows, const int panels,
                           const int kind) {
    const int vectors = panels * PANEL_VECTORS;
    vec sums[2 * PANEL_VECTORS][8];
    for (int v = 0; v < vectors; v++)
        for (int r = 0; r < rows; r++) sums[v][r] = (vec){0};

    int64_t start = first * w->inputs, panel_step = PANEL * w->inputs;
    for (int64_t i = 0; i < w->inputs; i++)
        for (int v = 0; v < vectors; v++) {
            int64_t at = start + v / PANEL_VECTORS * panel_step + i * PANEL
                + v % PANEL_VECTORS * LANES;
            vec weights = weights_at(w->values, at, kind == PANELS ? FLOAT32 : INT8);
            for (int r = 0; r < rows; r++) sums[v][r] += weights * x[r * x_step + i];
        }

    for (int v = 0; v < vectors; v++)
        for (int r = 0; r < rows; r++) {
            int64_t channel = first + v * LANES;
            vec sum = sums[v][r];
            if (kind == INT8_PANELS) sum *= load((const float *)w->scales + channel);
            if (w->bias) sum += load(w->bias + channel);
            store(y + r * y_step + channel, sum);
        }
}

/* All rows of one or two panels, in chunks whose size the compiler knows. */
INLINE void panel_rows(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                       int64_t y_step, int64_t o, const int panels, const int kind) {
    int64_t chunk;
    for (int64_t r = 0; r < rows; r += chunk) {
        const float *in = x + r * x_step;
        float *out = y + r * y_step;
        int64_t left = rows - r;
        if (left >= 8 && LANES == 16) {
            panel_products(w, in, x_step, out, y_step, o, 8, panels, kind), chunk = 8;
        } else if (left >= 6) {
            panel_products(w, in, x_step, out, y_step, o, 6, panels, kind), chunk = 6;
        } else if (left >= 4) {
            panel_products(w, in, x_step, out, y_step, o, 4, panels, kind), chunk = 4;
        } else if (left >= 2) {
            panel_products(w, in, x_step, out, y_step, o, 2, panels, kind), chunk = 2;
        } else {
            panel_products(w, in, x_step, out, y_step, o, 1, panels, kind), chunk = 1;
        }
    }
}

INLINE void panel_by_panel(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                           int64_t y_step, int64_t first, int64_t last, const int kind) {
    int64_t o = first;
    /* Two at once where that leaves registers. */
    for (; LANES == 16 && o + 2 * PANEL <= last; o += 2 * PANEL)
        panel_rows(w, x, x_step, rows, y, y_step, o, 2, kind);
    for (; o < last; o += PANEL) panel_rows(w, x, x_step, rows, y, y_step, o, 1, kind);
}

/* Any kind */

/* Output channels that are never split between threads. */
static int64_t output_unit(const linear *w) {
    if (w->kind == INT4) return INT4_BLOCK;
    return w->kind == PANELS || w->kind == INT8_PANELS ? 2 * PANEL : 4;
}

/* y = W x + bias for the output channels from `first` to before `last`. */
static void product(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                    int64_t y_step, int64_t first, int64_t last) {
#define ARGUMENTS w, x, x_step, rows, y, y_step, first, last
    /* The kind is a constant in each call, so that the compiler makes a loop of its own of it. */
    if (w->kind == FLOAT32) row_by_row(ARGUMENTS, FLOAT32);
    else if (w->kind == BFLOAT16) row_by_row(ARGUMENTS, BFLOAT16);
    else if (w->kind == INT8) row_by_row(ARGUMENTS, INT8);
    else if (w->kind == PANELS) panel_by_panel(ARGUMENTS, PANELS);
    else if (w->kind == INT8_PANELS) panel_by_panel(ARGUMENTS, INT8_PANELS);
    else int4_product(ARGUMENTS);
#undef ARGUMENTS
}

#endif
