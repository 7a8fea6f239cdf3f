/* Attention of one head of one batch entry: to the cache, and to the states of a text.

   Names: a row is one token of one batch entry, row = entry * tokens + token. K head width. */

#ifndef DALL_E_ATTENTION_H
#define DALL_E_ATTENTION_H

#include "norm.h"
#include "structures.h"
#include "vectors.h"

static float dot(const float *a, const float *b, int64_t width) {
    vec sum = {0};
    int64_t i = 0;
    for (; i + LANES <= width; i += LANES) sum += load(a + i) * load(b + i);
    float total = sum_of(sum);
    for (; i < width; i++) total += a[i] * b[i];
    return total;
}

/* out = factor * sum of weights[s] values[s]: four vectors at a time, then one, then numbers. */
static void weighted_sum(const float *weights, const float *values, int64_t seen,
                         int64_t head_width, float factor, float *out) {
    int64_t k = 0;
    for (; k + 4 * LANES <= head_width; k += 4 * LANES) {
        vec sums[4] = {{0}, {0}, {0}, {0}};
        for (int64_t s = 0; s < seen; s++)
            for (int p = 0; p < 4; p++)
                sums[p] += weights[s] * load(values + s * head_width + k + p * LANES);
        for (int p = 0; p < 4; p++) store(out + k + p * LANES, sums[p] * factor);
    }
    for (; k + LANES <= head_width; k += LANES) {
        vec sum = {0};
        for (int64_t s = 0; s < seen; s++) sum += weights[s] * load(values + s * head_width + k);
        store(out + k, sum * factor);
    }
    for (; k < head_width; k++) {
        float sum = 0.0f;
        for (int64_t s = 0; s < seen; s++) sum += weights[s] * values[s * head_width + k];
        out[k] = sum * factor;
    }
}

/* softmax(q keys / sqrt(K) + bias) values over the first `seen` positions; `scores` has room for
   them, padded to whole vectors. */
static void attend(const float *q, const float *keys, const float *values, const float *bias,
                   int64_t seen, int64_t head_width, float *scores, float *out) {
    float scale = 1.0f / sqrtf((float)head_width), largest = -INFINITY;
    for (int64_t s = 0; s < seen; s++) {
        float score = dot(q, keys + s * head_width, head_width) * scale + (bias ? bias[s] : 0.0f);
        scores[s] = score;
        largest = score > largest ? score : largest;
    }
    for (int64_t s = seen; s % LANES; s++) scores[s] = -INFINITY;

    vec sums = {0};
    for (int64_t s = 0; s < seen; s += LANES) {
        vec weights = exponential(load(scores + s) - largest);
        store(scores + s, weights);
        sums += weights;
    }
    weighted_sum(scores, values, seen, head_width, 1.0f / sum_of(sums), out);
}

/* Rotary positions: turns the pairs (x_k, x_{k + K/2}). */
static void rotate(float *x, const float *cosines, const float *sines, int64_t head_width) {
    int64_t half = head_width / 2;
    for (int64_t k = 0; k < half; k++) {
        float a = x[k], b = x[k + half];
        x[k] = a * cosines[k] - b * sines[k];
        x[k + half] = b * cosines[k] + a * sines[k];
    }
}

/* One head's view of a layer's cache. */
typedef struct {
    float *keys, *values; /* [capacity, K] */
    const float *bias;    /* [capacity], or NULL */
} head_cache;

/* INDEPENDENT: the token's own key and value stand behind what it sees for as long as it looks. */
static void attend_independently(const float *q, const float *k, const float *v,
                                 const head_cache *head, int64_t seen, int64_t head_width,
                                 float *scores, float *out) {
    int64_t size = head_width * sizeof *q;
    float *key = head->keys + seen * head_width, *value = head->values + seen * head_width;
    float saved[2 * head_width];
    memcpy(saved, key, size);
    memcpy(saved + head_width, value, size);
    memcpy(key, k, size);
    memcpy(value, v, size);
    attend(q, head->keys, head->values, head->bias, seen + 1, head_width, scores, out);
    memcpy(key, saved, size);
    memcpy(value, saved + head_width, size);
}

/* Norms and rotates queries and keys, keeps keys and values, then lets every token look.

   `qkv` has rows of queries, keys and values, D numbers each; `out` gets one head's part of D. */
static void self_attention(const block *b, const cache *layer_cache, const stack_call *call,
                           int64_t layer, int64_t entry, int64_t head, float *qkv,
                           int64_t qkv_step, float *out, int64_t out_step, float *scores) {
    int64_t width = call->width, head_width = width / call->heads, half = head_width / 2;
    int64_t size = head_width * sizeof *qkv;
    int64_t base = (entry * call->heads + head) * call->capacity * head_width;
    const float *bias = call->bias;
    if (bias) bias += layer * call->bias_step + entry * call->capacity;
    head_cache cached = {layer_cache->keys + base, layer_cache->values + base, bias};

    for (int64_t t = 0; t < call->tokens; t++) {
        int64_t row = entry * call->tokens + t;
        float *q = qkv + row * qkv_step + head * head_width, *k = q + width, *v = k + width;
        normalise(&b->q_norm, q, q, head_width);
        normalise(&b->k_norm, k, k, head_width);
        if (call->cosines) {
            rotate(q, call->cosines + row * half, call->sines + row * half, head_width);
            rotate(k, call->cosines + row * half, call->sines + row * half, head_width);
        }
        if (call->mask == INDEPENDENT) continue;
        memcpy(cached.keys + (call->position + t) * head_width, k, size);
        memcpy(cached.values + (call->position + t) * head_width, v, size);
    }

    for (int64_t t = 0; t < call->tokens; t++) {
        int64_t row = entry * call->tokens + t;
        const float *q = qkv + row * qkv_step + head * head_width, *k = q + width, *v = k + width;
        float *head_out = out + row * out_step + head * head_width;
        if (call->mask == INDEPENDENT) {
            int64_t seen = MIN(call->position + t, call->filled);
            attend_independently(q, k, v, &cached, seen, head_width, scores, head_out);
        } else {
            int64_t seen = call->position + (call->mask == CAUSAL ? t + 1 : call->tokens);
            attend(q, cached.keys, cached.values, bias, seen, head_width, scores, head_out);
        }
    }
}

static void cross_attention(const cache *text, const stack_call *call, int64_t entry, int64_t head,
                            const float *q, int64_t q_step, float *out, int64_t out_step,
                            float *scores) {
    int64_t head_width = call->width / call->heads;
    int64_t base = (entry * call->heads + head) * call->cross_capacity * head_width;
    const float *bias = call->cross_bias;
    if (bias) bias += entry * call->cross_capacity;
    for (int64_t t = 0; t < call->tokens; t++) {
        int64_t row = entry * call->tokens + t;
        attend(q + row * q_step + head * head_width, text->keys + base, text->values + base, bias,
               call->cross_capacity, head_width, scores, out + row * out_step + head * head_width);
    }
}

#endif
