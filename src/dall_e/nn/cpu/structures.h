/* The structures that Python fills: `structures.py` has the same fields in the same order. */

#ifndef DALL_E_STRUCTURES_H
#define DALL_E_STRUCTURES_H

#include <stdint.h>

enum weight_kind { FLOAT32, BFLOAT16, INT8, INT4, PANELS, INT8_PANELS };
enum norm_kind { NO_NORM, RMS_NORM, LAYER_NORM };
enum mlp_kind { SILU_GATED, GELU_GATED, GELU, GELU_TANH, QUICK_GELU };

/* What a token attends to besides the filled positions of the cache. FULL: all tokens of the call.
   CAUSAL: those before it and itself. INDEPENDENT: itself only, and nothing of it is kept; of the
   filled positions it sees as many as if the tokens before it stood in the cache. */
enum mask_kind { FULL, CAUSAL, INDEPENDENT };

typedef struct {
    const void *values; /* NULL: there is no such layer */
    const void *scales; /* int8: bfloat16 [outputs]; int4: bfloat16 [inputs / 32, outputs, 2] with
                           scale and zero; int8 panels: float32 [outputs] */
    const float *bias;  /* [outputs]; may be NULL */
    int64_t outputs, inputs;
    int64_t stride; /* numbers from one output channel to the next; int4: outputs, padded */
    int32_t kind;   /* enum weight_kind */
} linear;

typedef struct {
    const float *weight, *bias; /* bias may be NULL */
    float eps;
    int32_t kind; /* enum norm_kind */
} norm;

typedef struct {
    norm attention_norm, attention_after, q_norm, k_norm;
    linear qkv, out;
    norm cross_norm, cross_after;
    linear cross_q, cross_out;
    norm mlp_norm, mlp_inside, mlp_after;
    linear up, down;
    int32_t mlp_kind; /* enum mlp_kind */
} block;

typedef struct {
    float *keys, *values; /* [entries, heads, capacity, K] */
} cache;

typedef struct {
    int64_t entries, tokens, width, heads, mlp_width, layers;
    int64_t position, filled, capacity, cross_capacity;
    int64_t mask;                 /* enum mask_kind */
    const float *cosines, *sines; /* [entries, tokens, K / 2]; NULL: no rotation */
    const float *bias;            /* [entries, capacity], added to scores; NULL: none */
    int64_t bias_step;            /* numbers from one layer's bias to the next; 0: one for all */
    const float *cross_bias;      /* [entries, cross_capacity]; NULL: none */
    float *rows;                  /* [entries * tokens, D]: goes through the blocks, in place */
    float *scratch;               /* `scratch_size` numbers, all zero */
    int64_t threads;
} stack_call;

typedef struct {
    const float *logits; /* [copies * images, positions, codes]: conditional, then unconditional */
    int64_t images, positions, codes;
    int64_t copies; /* 2 under guidance, else 1 */
    float guidance_scale;
    const float *temperatures;   /* [positions]; 0 takes the likeliest code */
    const int64_t *seeds;        /* [images] */
    const int64_t *position_ids; /* [images, positions]: whose noise */
    int64_t *sampled;            /* [images, positions] */
    float *scratch;              /* [threads, 2 * codes] */
    int64_t stream, top_k, threads;
    float top_p;
} sampling_call;

#endif
