/* A stack of transformer blocks for a few tokens, as one call: what drawing does for every token it draws; and the
   choice of the codes, `choose_codes`.

   Through an interpreter a block is some forty operations on a few kilobytes each, and starting them takes longer than
   doing them. Here nothing stands between two of them but a barrier of the threads. Weights are read where they lie, in
   float32, bfloat16, eight or four bits; what flows through the blocks is float32, rounded to bfloat16 only where it
   meets weights of four bits.

   Every sum is made in an order that depends on neither the number of rows nor that of threads, so a picture is the
   same in any batch, to the bit. `kernels.py` compiles this file for the machine it runs on, and fills the structures,
   which must agree with it.

   Names: a row is one token of one batch entry, row = entry * tokens + token. D width, K head width. */

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __AVX2__
#include <immintrin.h>
#endif

/* What a register holds, and how many there are: wider vectors than the processor has are taken apart badly. */
#if defined(__AVX512F__)
#define LANES 16
#define REGISTERS 32
#elif defined(__AVX2__)
#define LANES 8
#define REGISTERS 16
#else
#define LANES 4
#define REGISTERS 32
#endif
#define PANEL 16
#define PARTS (PANEL / LANES)
#define INLINE static inline __attribute__((always_inline))
#define SIGN ((int32_t)0x80000000)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* Vectors of the compiler's own: it makes of them what the processor has. */
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef float vec4 __attribute__((vector_size(16)));
typedef float loose_vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * LANES)));
typedef uint32_t loose_uvec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint16_t loose_u16 __attribute__((vector_size(2 * LANES), aligned(2)));
typedef int8_t loose_i8 __attribute__((vector_size(LANES), aligned(1)));

enum weight_kind { FLOAT32, BFLOAT16, INT8, INT4, PANELS, INT8_PANELS };
enum norm_kind { NO_NORM, RMS_NORM, LAYER_NORM };
enum mlp_kind { SILU_GATED, GELU_GATED, GELU, GELU_TANH, QUICK_GELU };
/* What a token sees: the filled places and all tokens of the call; those before it and itself; or the filled places that
   it would find if it came in its turn, and itself, which is not kept. */
enum sight { ALL, PAST, ALONE };

typedef struct {
    const void *values; /* NULL: there is no such layer */
    const void *scales; /* bfloat16: [outputs], or of four bits [inputs / 32, outputs, 2] with scale and zero;
                           of panels in eight bits float32 [outputs] */
    const float *bias;
    int64_t outputs, inputs;
    int64_t stride; /* numbers from one output channel to the next, or rows of four bits, filled up */
    int32_t kind;
} linear;

typedef struct {
    const float *weight, *bias;
    float eps;
    int32_t kind;
} norm;

typedef struct {
    norm attention_norm, attention_after, q_norm, k_norm;
    linear qkv, out;
    norm cross_norm, cross_after;
    linear cross_q, cross_out;
    norm mlp_norm, mlp_inside, mlp_after;
    linear up, down;
    int32_t mlp_kind;
} block;

typedef struct {
    float *keys, *values; /* [entries, heads, capacity, K] */
} cache;

typedef struct {
    int64_t entries, tokens, width, heads, mlp_width, layers;
    int64_t position, filled, capacity, cross_capacity, sight;
    const float *cosines, *sines; /* [entries, tokens, K / 2]; NULL: nothing is turned */
    const float *bias; /* [entries, capacity], added to scores; NULL: nothing is hidden */
    int64_t bias_step; /* numbers from one layer's bias to the next one's; 0: the same for all */
    const float *cross_bias; /* [entries, cross_capacity] */
    float *rows; /* [entries * tokens, D]: what goes through the blocks, in place */
    float *scratch; /* `scratch_size` numbers, all zero */
    int64_t threads;
} run;

/* Arithmetic */

INLINE vec spread(float value) {
    return (vec){0} + value;
}

INLINE float widened(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

/* Pairwise, always in the same order. */
INLINE float sum_of(vec v) {
    vec4 quarters[LANES / 4];
    memcpy(quarters, &v, sizeof quarters);
#if LANES == 16
    quarters[0] += quarters[2];
    quarters[1] += quarters[3];
#endif
#if LANES >= 8
    quarters[0] += quarters[1];
#endif
    vec4 four = quarters[0];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* e^x to 2 units in the last place (Cody and Waite 1980); 0 below -87. */
INLINE vec exponential(vec x) {
    const vec low = spread(-87.3f), high = spread(88.3f);
    ivec vanishes = x < low;
    x = (vec)(((ivec)x & ~(x > high)) | ((ivec)high & (x > high)));
    x = (vec)(((ivec)x & ~vanishes) | ((ivec)low & vanishes));
    vec turns = x * 1.44269504f;
    ivec whole = __builtin_convertvector(turns + (vec)((ivec)spread(0.5f) | ((ivec)turns & SIGN)), ivec);
    vec wholes = __builtin_convertvector(whole, vec);
    vec rest = x - wholes * 0.693359375f + wholes * 2.12194440e-4f;
    vec power = spread(1.9875691500e-4f);
    power = power * rest + 1.3981999507e-3f;
    power = power * rest + 8.3334519073e-3f;
    power = power * rest + 4.1665795894e-2f;
    power = power * rest + 1.6666665459e-1f;
    power = power * rest + 5.0000001201e-1f;
    power = power * rest * rest + rest + 1.0f;
    vec result = power * (vec)((whole + 127) << 23);
    return (vec)((ivec)result & ~vanishes);
}

INLINE vec sigmoid(vec x) {
    return 1.0f / (1.0f + exponential(-x));
}

/* x times the normal distribution function; erf to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26). */
INLINE vec gelu(vec x) {
    vec z = x * 0.70710678f;
    vec size = (vec)((ivec)z & ~SIGN);
    vec t = 1.0f / (1.0f + 0.3275911f * size);
    vec tail = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    vec erf = 1.0f - tail * exponential(-size * size);
    erf = (vec)((ivec)erf | ((ivec)z & SIGN));
    return 0.5f * x * (1.0f + erf);
}

/* Products: y[r] = W x[r] + bias for some output channels */

/* Compilers make a dozen instructions of these conversions where the processor has one. */
#if defined(__AVX512F__)
INLINE ivec from_bytes(const int8_t *at) {
    return (ivec)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)at));
}
#elif defined(__AVX2__)
INLINE ivec from_bytes(const int8_t *at) {
    return (ivec)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)at));
}
#else
INLINE ivec from_bytes(const int8_t *at) {
    return __builtin_convertvector(*(const loose_i8 *)at, ivec);
}
#endif

INLINE vec weights_at(const void *values, int64_t at, int kind) {
    if (kind == FLOAT32) return *(const loose_vec *)((const float *)values + at);
    if (kind == BFLOAT16) {
        loose_u16 bits = *(const loose_u16 *)((const uint16_t *)values + at);
        return (vec)(__builtin_convertvector(bits, uvec) << 16);
    }
    return __builtin_convertvector(from_bytes((const int8_t *)values + at), vec);
}

INLINE float weight_at(const void *values, int64_t at, int kind) {
    if (kind == FLOAT32) return ((const float *)values)[at];
    if (kind == BFLOAT16) return widened(((const uint16_t *)values)[at]);
    return ((const int8_t *)values)[at];
}

INLINE void dots(const linear *w, const float *x, int64_t x_step, float *y, int64_t y_step, int64_t first,
                 const int rows, const int outputs, const int kind) {
    vec sums[4][8];
    for (int o = 0; o < outputs; o++)
        for (int r = 0; r < rows; r++) sums[o][r] = (vec){0};
    int64_t whole = w->inputs / LANES * LANES;
    /* Rows are short, so the processor does not see in time that the next ones follow. */
    const int bytes = kind == FLOAT32 ? 4 : kind == BFLOAT16 ? 2 : 1;
    const char *next = (const char *)w->values + (first + outputs) * w->stride * bytes;
    for (int64_t i = 0; i < whole; i += LANES) {
        vec held[4];
        for (int o = 0; o < outputs; o++) {
            held[o] = weights_at(w->values, (first + o) * w->stride + i, kind);
            if (i % (64 / bytes) == 0) __builtin_prefetch(next + (o * w->stride + i) * bytes);
        }
        for (int r = 0; r < rows; r++) {
            vec in = *(const loose_vec *)(x + r * x_step + i);
            for (int o = 0; o < outputs; o++) sums[o][r] += held[o] * in;
        }
    }
    for (int o = 0; o < outputs; o++) {
        float scale = kind == INT8 ? widened(((const uint16_t *)w->scales)[first + o]) : 1.0f;
        for (int r = 0; r < rows; r++) {
            float sum = sum_of(sums[o][r]);
            for (int64_t i = whole; i < w->inputs; i++)
                sum += weight_at(w->values, (first + o) * w->stride + i, kind) * x[r * x_step + i];
            y[r * y_step + first + o] = sum * scale + (w->bias ? w->bias[first + o] : 0.0f);
        }
    }
}

/* Some rows and four output channels, with as many sums at once as there are registers for. */
INLINE void dots_of_four(const linear *w, const float *x, int64_t x_step, float *y, int64_t y_step, int64_t o,
                         const int rows, const int kind) {
    if (4 * rows <= REGISTERS / 2) {
        dots(w, x, x_step, y, y_step, o, rows, 4, kind);
        return;
    }
    dots(w, x, x_step, y, y_step, o, rows, 2, kind);
    dots(w, x, x_step, y, y_step, o + 2, rows, 2, kind);
}

INLINE void dots_of_kind(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step,
                         int64_t first, int64_t last, const int kind) {
    for (int64_t o = first; o < last; o += 4) {
        int outputs = (int)MIN(4, last - o);
        for (int64_t r = 0; r < rows;) {
            const float *in = x + r * x_step;
            float *out = y + r * y_step;
            int64_t left = rows - r;
            if (outputs < 4) {
                for (int one = 0; one < outputs; one++) dots(w, in, x_step, out, y_step, o + one, 1, 1, kind);
                r += 1;
            } else if (left >= 8 && REGISTERS == 32) dots_of_four(w, in, x_step, out, y_step, o, 8, kind), r += 8;
            else if (left >= 4) dots_of_four(w, in, x_step, out, y_step, o, 4, kind), r += 4;
            else if (left == 3) dots_of_four(w, in, x_step, out, y_step, o, 3, kind), r += 3;
            else if (left == 2) dots_of_four(w, in, x_step, out, y_step, o, 2, kind), r += 2;
            else dots_of_four(w, in, x_step, out, y_step, o, 1, kind), r += 1;
        }
    }
}

/* Panels of 16 output channels: [outputs / 16, inputs, 16], made by `stack.py` of small matrices. */
INLINE void panel(const linear *w, const float *x, int64_t x_step, float *y, int64_t y_step, int64_t first,
                  const int rows, const int panels, const int kind) {
    vec sums[2 * PARTS][8];
    int64_t start = first * w->inputs, step = PANEL * w->inputs;
    for (int p = 0; p < panels * PARTS; p++)
        for (int r = 0; r < rows; r++) sums[p][r] = (vec){0};
    for (int64_t i = 0; i < w->inputs; i++)
        for (int p = 0; p < panels * PARTS; p++) {
            int64_t at = start + p / PARTS * step + i * PANEL + p % PARTS * LANES;
            vec weights = weights_at(w->values, at, kind == PANELS ? FLOAT32 : INT8);
            for (int r = 0; r < rows; r++) sums[p][r] += weights * x[r * x_step + i];
        }
    for (int p = 0; p < panels * PARTS; p++)
        for (int r = 0; r < rows; r++) {
            int64_t o = first + p * LANES;
            vec sum = sums[p][r];
            if (kind == INT8_PANELS) sum *= *(const loose_vec *)((const float *)w->scales + o);
            if (w->bias) sum += *(const loose_vec *)(w->bias + o);
            *(loose_vec *)(y + r * y_step + o) = sum;
        }
}

INLINE void panels_of_kind(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step,
                           int64_t o, const int panels, const int kind) {
    for (int64_t r = 0; r < rows;) {
        const float *in = x + r * x_step;
        float *out = y + r * y_step;
        int64_t left = rows - r;
        if (left >= 8 && LANES == 16) panel(w, in, x_step, out, y_step, o, 8, panels, kind), r += 8;
        else if (left >= 6) panel(w, in, x_step, out, y_step, o, 6, panels, kind), r += 6;
        else if (left >= 4) panel(w, in, x_step, out, y_step, o, 4, panels, kind), r += 4;
        else if (left >= 2) panel(w, in, x_step, out, y_step, o, 2, panels, kind), r += 2;
        else panel(w, in, x_step, out, y_step, o, 1, panels, kind), r += 1;
    }
}

INLINE void all_panels(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step,
                       int64_t first, int64_t last, const int kind) {
    int64_t o = first;
    /* Two at once where that leaves registers. */
    for (; LANES == 16 && o + 2 * PANEL <= last; o += 2 * PANEL)
        panels_of_kind(w, x, x_step, rows, y, y_step, o, 2, kind);
    for (; o < last; o += PANEL) panels_of_kind(w, x, x_step, rows, y, y_step, o, 1, kind);
}

/* Four bits as torch's CPU packs them for vectors of 512 bits: blocks of 64 output channels; of one input channel a
   block has 32 bytes, of which byte 16 p + d holds channel 16 p + d and, in its upper half, channel 32 + 16 p + d. For
   other processors it packs otherwise, and some have no products of bfloat16: `kernels.py` finds out, and leaves four
   bits to torch there. */
#ifdef __AVX512BF16__
/* Two input channels at a time: inputs are rounded to bfloat16, weights of 0 to 15 are exact in it. */
INLINE void nibbles(const linear *w, const uint32_t *pairs, const float *totals, float *y, int64_t y_step,
                    int64_t first, const int rows) {
    const __m512i numbers = _mm512_set_epi16(
        0x4170, 0x4160, 0x4150, 0x4140, 0x4130, 0x4120, 0x4110, 0x4100, 0x40e0, 0x40c0, 0x40a0, 0x4080, 0x4040, 0x4000,
        0x3f80, 0, 0x4170, 0x4160, 0x4150, 0x4140, 0x4130, 0x4120, 0x4110, 0x4100, 0x40e0, 0x40c0, 0x40a0, 0x4080,
        0x4040, 0x4000, 0x3f80, 0);
    const uint8_t *held = (const uint8_t *)w->values + first * w->inputs / 2;
    int64_t groups = w->inputs / 32;
    vec sums[4][4];
    for (int p = 0; p < 4; p++)
        for (int r = 0; r < rows; r++) sums[p][r] = (vec){0};
    for (int64_t group = 0; group < groups; group++) {
        __m512 parts[4][4];
        for (int p = 0; p < 4; p++)
            for (int r = 0; r < rows; r++) parts[p][r] = _mm512_setzero_ps();
        for (int i = 0; i < 16; i++, held += 64)
            for (int half = 0; half < 2; half++) {
                __m128i one = _mm_loadu_si128((const __m128i *)(held + 16 * half));
                __m128i other = _mm_loadu_si128((const __m128i *)(held + 32 + 16 * half));
                __m256i both = _mm256_set_m128i(_mm_unpackhi_epi8(one, other), _mm_unpacklo_epi8(one, other));
                __m512i wide = _mm512_cvtepu8_epi16(both);
                /* The table is looked up with five bits; its halves are the same, so the fifth does not matter. */
                __m512bh low = (__m512bh)_mm512_permutexvar_epi16(wide, numbers);
                __m512bh high = (__m512bh)_mm512_permutexvar_epi16(_mm512_srli_epi16(wide, 4), numbers);
                for (int r = 0; r < rows; r++) {
                    __m512bh in = (__m512bh)_mm512_set1_epi32((int32_t)pairs[r * (w->inputs / 2) + group * 16 + i]);
                    parts[half][r] = _mm512_dpbf16_ps(parts[half][r], low, in);
                    parts[half + 2][r] = _mm512_dpbf16_ps(parts[half + 2][r], high, in);
                }
            }
        const uint16_t *scales = (const uint16_t *)w->scales + (group * w->stride + first) * 2;
        for (int p = 0; p < 4; p++) {
            uvec both = *(const loose_uvec *)(scales + 2 * LANES * p);
            vec scale = (vec)(both << 16), zero = (vec)(both & 0xffff0000u);
            vec offset = zero - 8.0f * scale;
            for (int r = 0; r < rows; r++) sums[p][r] += scale * (vec)parts[p][r] + offset * totals[r * groups + group];
        }
    }
    for (int r = 0; r < rows; r++)
        for (int p = 0; p < 4; p++) {
            float part[LANES];
            memcpy(part, &sums[p][r], sizeof part);
            for (int lane = 0; lane < LANES; lane++) {
                int64_t o = first + p * LANES + lane;
                if (o < w->outputs) y[r * y_step + o] = part[lane] + (w->bias ? w->bias[o] : 0.0f);
            }
        }
}

INLINE uint32_t rounded(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static void all_nibbles(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step,
                        int64_t first, int64_t last) {
    int64_t groups = w->inputs / 32;
    for (int64_t r = 0; r < rows; r += 4) {
        int64_t here = MIN(4, rows - r);
        uint32_t pairs[here * (w->inputs / 2)];
        float totals[here * groups];
        for (int64_t row = 0; row < here; row++) {
            const float *in = x + (r + row) * x_step;
            for (int64_t i = 0; i < w->inputs / 2; i++)
                pairs[row * (w->inputs / 2) + i] = rounded(in[2 * i]) | rounded(in[2 * i + 1]) << 16;
            for (int64_t group = 0; group < groups; group++) {
                vec sum = {0};
                for (int i = 0; i < 32; i += LANES) {
                    uvec bits = (uvec) * (const loose_vec *)(in + group * 32 + i);
                    sum += (vec)((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
                }
                totals[row * groups + group] = sum_of(sum);
            }
        }
        float *out = y + r * y_step;
        for (int64_t o = first; o < last; o += 64) {
            if (here == 4) nibbles(w, pairs, totals, out, y_step, o, 4);
            else if (here == 3) nibbles(w, pairs, totals, out, y_step, o, 3);
            else if (here == 2) nibbles(w, pairs, totals, out, y_step, o, 2);
            else nibbles(w, pairs, totals, out, y_step, o, 1);
        }
    }
}
#else
static void all_nibbles(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step,
                        int64_t first, int64_t last) {
    (void)x, (void)x_step;
    last = MIN(last, w->outputs);
    for (int64_t r = 0; r < rows; r++) memset(y + r * y_step + first, 0, (last - first) * sizeof *y);
}
#endif

/* Output channels that are not parted between threads. */
static int64_t unit_of(const linear *w) {
    return w->kind == INT4 ? 64 : w->kind == PANELS || w->kind == INT8_PANELS ? 2 * PANEL : 4;
}

static void product(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step,
                    int64_t first, int64_t last) {
    if (w->kind == FLOAT32) dots_of_kind(w, x, x_step, rows, y, y_step, first, last, FLOAT32);
    else if (w->kind == BFLOAT16) dots_of_kind(w, x, x_step, rows, y, y_step, first, last, BFLOAT16);
    else if (w->kind == INT8) dots_of_kind(w, x, x_step, rows, y, y_step, first, last, INT8);
    else if (w->kind == PANELS) all_panels(w, x, x_step, rows, y, y_step, first, last, PANELS);
    else if (w->kind == INT8_PANELS) all_panels(w, x, x_step, rows, y, y_step, first, last, INT8_PANELS);
    else all_nibbles(w, x, x_step, rows, y, y_step, first, last);
}

/* Rows */

static void normed(const norm *n, const float *x, float *y, int64_t width) {
    if (n->kind == NO_NORM) {
        if (y != x) memcpy(y, x, width * sizeof *y);
        return;
    }
    int64_t whole = width / LANES * LANES;
    float mean = 0.0f;
    if (n->kind == LAYER_NORM) {
        vec sum = {0};
        for (int64_t i = 0; i < whole; i += LANES) sum += *(const loose_vec *)(x + i);
        mean = sum_of(sum);
        for (int64_t i = whole; i < width; i++) mean += x[i];
        mean /= width;
    }
    vec squares = {0};
    for (int64_t i = 0; i < whole; i += LANES) {
        vec apart = *(const loose_vec *)(x + i) - mean;
        squares += apart * apart;
    }
    float square = sum_of(squares);
    for (int64_t i = whole; i < width; i++) square += (x[i] - mean) * (x[i] - mean);
    float scale = 1.0f / sqrtf(square / width + n->eps);
    for (int64_t i = 0; i < width; i++) y[i] = (x[i] - mean) * scale * n->weight[i] + (n->bias ? n->bias[i] : 0.0f);
}

static void add_row(float *x, const float *y, int64_t width) {
    for (int64_t i = 0; i < width; i++) x[i] += y[i];
}

/* The inner width is filled up to whole vectors with zeros, which every activation leaves zero. */
static void activated(float *up, float *out, int64_t width, int64_t gate_width, int kind) {
    for (int64_t i = 0; i < width; i += LANES) {
        vec x = *(const loose_vec *)(up + i), y;
        if (kind == SILU_GATED) y = x * sigmoid(x) * *(const loose_vec *)(up + gate_width + i);
        else if (kind == GELU_GATED) y = gelu(x) * *(const loose_vec *)(up + gate_width + i);
        else if (kind == GELU) y = gelu(x);
        else if (kind == GELU_TANH) y = x * sigmoid(1.5957691216f * (x + 0.044715f * x * x * x));
        else y = x * sigmoid(1.702f * x);
        *(loose_vec *)(out + i) = y;
    }
    for (int64_t i = width; i < (width + LANES - 1) / LANES * LANES; i++) out[i] = 0.0f;
}

/* Attention of one head */

static float dot(const float *a, const float *b, int64_t width) {
    vec sum = {0};
    int64_t i = 0;
    for (; i + LANES <= width; i += LANES) sum += *(const loose_vec *)(a + i) * *(const loose_vec *)(b + i);
    float total = sum_of(sum);
    for (; i < width; i++) total += a[i] * b[i];
    return total;
}

/* softmax(q keys / sqrt(K) + bias) values over the first `seen` places; `scores` has room for them, filled up. */
static void attended(const float *q, const float *keys, const float *values, const float *bias, int64_t seen,
                     int64_t head_width, float *scores, float *mixed) {
    float scale = 1.0f / sqrtf((float)head_width), most = -INFINITY;
    for (int64_t s = 0; s < seen; s++) {
        float score = dot(q, keys + s * head_width, head_width) * scale + (bias ? bias[s] : 0.0f);
        scores[s] = score;
        most = score > most ? score : most;
    }
    for (int64_t s = seen; s % LANES; s++) scores[s] = -INFINITY;
    vec sums = {0};
    for (int64_t s = 0; s < seen; s += LANES) {
        vec share = exponential(*(const loose_vec *)(scores + s) - most);
        *(loose_vec *)(scores + s) = share;
        sums += share;
    }
    float whole = 1.0f / sum_of(sums);
    int64_t k = 0;
    for (; k + 4 * LANES <= head_width; k += 4 * LANES) {
        vec sum[4] = {{0}, {0}, {0}, {0}};
        for (int64_t s = 0; s < seen; s++)
            for (int p = 0; p < 4; p++)
                sum[p] += scores[s] * *(const loose_vec *)(values + s * head_width + k + p * LANES);
        for (int p = 0; p < 4; p++) *(loose_vec *)(mixed + k + p * LANES) = sum[p] * whole;
    }
    for (; k + LANES <= head_width; k += LANES) {
        vec sum = {0};
        for (int64_t s = 0; s < seen; s++) sum += scores[s] * *(const loose_vec *)(values + s * head_width + k);
        *(loose_vec *)(mixed + k) = sum * whole;
    }
    for (; k < head_width; k++) {
        float sum = 0.0f;
        for (int64_t s = 0; s < seen; s++) sum += scores[s] * values[s * head_width + k];
        mixed[k] = sum * whole;
    }
}

static void turned(float *x, const float *cosines, const float *sines, int64_t head_width) {
    int64_t half = head_width / 2;
    for (int64_t k = 0; k < half; k++) {
        float a = x[k], b = x[k + half];
        x[k] = a * cosines[k] - b * sines[k];
        x[k + half] = b * cosines[k] + a * sines[k];
    }
}

/* Queries and keys of one head are normed and turned, keys and values are kept, then every token of the entry looks. */
static void self_attention(const block *b, const cache *kept, const run *now, int64_t layer, int64_t entry,
                           int64_t head, float *qkv, int64_t qkv_step, float *mixed, int64_t mixed_step, float *scores) {
    int64_t width = now->width, head_width = width / now->heads, size = head_width * sizeof *qkv;
    int64_t base = (entry * now->heads + head) * now->capacity * head_width;
    float *keys = kept->keys + base, *values = kept->values + base;
    const float *bias = now->bias ? now->bias + layer * now->bias_step + entry * now->capacity : 0;
    for (int64_t t = 0; t < now->tokens; t++) {
        int64_t row = entry * now->tokens + t;
        float *q = qkv + row * qkv_step + head * head_width, *k = q + width;
        normed(&b->q_norm, q, q, head_width);
        normed(&b->k_norm, k, k, head_width);
        if (now->cosines) {
            const float *cosines = now->cosines + row * (head_width / 2), *sines = now->sines + row * (head_width / 2);
            turned(q, cosines, sines, head_width);
            turned(k, cosines, sines, head_width);
        }
        if (now->sight == ALONE) continue;
        memcpy(keys + (now->position + t) * head_width, k, size);
        memcpy(values + (now->position + t) * head_width, k + width, size);
    }
    for (int64_t t = 0; t < now->tokens; t++) {
        int64_t row = entry * now->tokens + t;
        float *q = qkv + row * qkv_step + head * head_width, *out = mixed + row * mixed_step + head * head_width;
        if (now->sight != ALONE) {
            int64_t seen = now->position + (now->sight == PAST ? t + 1 : now->tokens);
            attended(q, keys, values, bias, seen, head_width, scores, out);
            continue;
        }
        /* Its own key and value stand behind what it sees for as long as it looks. */
        int64_t seen = MIN(now->position + t, now->filled);
        float *key = keys + seen * head_width, *value = values + seen * head_width, held[2 * head_width];
        memcpy(held, key, size);
        memcpy(held + head_width, value, size);
        memcpy(key, q + width, size);
        memcpy(value, q + 2 * width, size);
        attended(q, keys, values, bias, seen + 1, head_width, scores, out);
        memcpy(key, held, size);
        memcpy(value, held + head_width, size);
    }
}

static void cross_attention(const cache *text, const run *now, int64_t entry, int64_t head, const float *q,
                            int64_t q_step, float *mixed, int64_t mixed_step, float *scores) {
    int64_t head_width = now->width / now->heads;
    int64_t base = (entry * now->heads + head) * now->cross_capacity * head_width;
    for (int64_t t = 0; t < now->tokens; t++) {
        int64_t row = entry * now->tokens + t;
        attended(q + row * q_step + head * head_width, text->keys + base, text->values + base,
                 now->cross_bias ? now->cross_bias + entry * now->cross_capacity : 0, now->cross_capacity, head_width,
                 scores, mixed + row * mixed_step + head * head_width);
    }
}

/* The stack */

static int64_t filled_up(int64_t number) {
    return (number + 63) / 64 * 64;
}

static int64_t wide_step(const run *now) {
    int64_t qkv = 3 * now->width, up = 2 * now->mlp_width;
    return filled_up(qkv > up ? qkv : up);
}

static int64_t scores_step(const run *now) {
    return filled_up(now->capacity > now->cross_capacity ? now->capacity : now->cross_capacity);
}

/* Numbers of `run.scratch`. */
int64_t scratch_size(const run *now) {
    int64_t per_row = 2 * filled_up(now->width) + filled_up(now->mlp_width) + wide_step(now);
    return now->entries * now->tokens * per_row + now->threads * scores_step(now);
}

/* The part of `total` that a thread does, in whole units. */
INLINE void shared(int64_t total, int64_t unit, int64_t thread, int64_t threads, int64_t *first, int64_t *last) {
    int64_t units = (total + unit - 1) / unit;
    *first = MIN(units * thread / threads * unit, total);
    *last = MIN(units * (thread + 1) / threads * unit, total);
}

#ifdef _OPENMP
#define WAIT _Pragma("omp barrier")
#else
#define WAIT
#endif

static void all_layers(const block *blocks, const cache *caches, const cache *texts, const run *now, int64_t thread,
                       int64_t threads) {
    int64_t width = now->width, rows = now->entries * now->tokens, pairs = now->entries * now->heads, first, last;
    int64_t step = filled_up(width), wide = wide_step(now), inner = filled_up(now->mlp_width);
    float *in = now->scratch, *out = in + rows * step, *large = out + rows * step, *hidden = large + rows * wide;
    float *scores = hidden + rows * inner + thread * scores_step(now);
    int64_t first_row, last_row;
    shared(rows, 1, thread, threads, &first_row, &last_row);
#define PRODUCT(w, x, x_step, y, y_step) \
    shared((w)->outputs, unit_of(w), thread, threads, &first, &last); \
    product(w, x, x_step, rows, y, y_step, first, last); \
    WAIT
    for (int64_t layer = 0; layer < now->layers; layer++) {
        const block *b = blocks + layer;
        for (int64_t r = first_row; r < last_row; r++) normed(&b->attention_norm, now->rows + r * width, in + r * step, width);
        WAIT
        PRODUCT(&b->qkv, in, step, large, wide)
        shared(pairs, 1, thread, threads, &first, &last);
        for (int64_t pair = first; pair < last; pair++)
            self_attention(b, caches + layer, now, layer, pair / now->heads, pair % now->heads, large, wide, in, step,
                           scores);
        WAIT
        PRODUCT(&b->out, in, step, out, step)
        for (int64_t r = first_row; r < last_row; r++) {
            normed(&b->attention_after, out + r * step, out + r * step, width);
            add_row(now->rows + r * width, out + r * step, width);
        }
        if (b->cross_q.values) {
            for (int64_t r = first_row; r < last_row; r++) normed(&b->cross_norm, now->rows + r * width, in + r * step, width);
            WAIT
            PRODUCT(&b->cross_q, in, step, large, wide)
            shared(pairs, 1, thread, threads, &first, &last);
            for (int64_t pair = first; pair < last; pair++)
                cross_attention(texts + layer, now, pair / now->heads, pair % now->heads, large, wide, in, step, scores);
            WAIT
            PRODUCT(&b->cross_out, in, step, out, step)
            for (int64_t r = first_row; r < last_row; r++) {
                normed(&b->cross_after, out + r * step, out + r * step, width);
                add_row(now->rows + r * width, out + r * step, width);
            }
        }
        for (int64_t r = first_row; r < last_row; r++) normed(&b->mlp_norm, now->rows + r * width, in + r * step, width);
        WAIT
        PRODUCT(&b->up, in, step, large, wide)
        for (int64_t r = first_row; r < last_row; r++) {
            activated(large + r * wide, hidden + r * inner, now->mlp_width, now->mlp_width, b->mlp_kind);
            normed(&b->mlp_inside, hidden + r * inner, hidden + r * inner, now->mlp_width);
        }
        WAIT
        PRODUCT(&b->down, hidden, inner, out, step)
        for (int64_t r = first_row; r < last_row; r++) {
            normed(&b->mlp_after, out + r * step, out + r * step, width);
            add_row(now->rows + r * width, out + r * step, width);
        }
    }
#undef PRODUCT
}

/* Runs `now.rows` through the blocks. `caches` has one entry per layer, and so has `texts` where there is cross-attention. */
void run_blocks(const block *blocks, const cache *caches, const cache *texts, const run *now) {
#ifdef _OPENMP
    if (now->threads > 1) {
#pragma omp parallel num_threads((int)now->threads)
        all_layers(blocks, caches, texts, now, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    all_layers(blocks, caches, texts, now, 0, 1);
}

/* One product on its own: y[r] = W x[r] + bias. */
void run_linear(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y, int64_t y_step, int64_t threads) {
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel num_threads((int)threads)
        {
            int64_t first, last;
            shared(w->outputs, unit_of(w), omp_get_thread_num(), omp_get_num_threads(), &first, &last);
            product(w, x, x_step, rows, y, y_step, first, last);
        }
        return;
    }
#endif
    product(w, x, x_step, rows, y, y_step, 0, w->outputs);
}

/* The choice of codes: guidance, temperature, top-k, top-p, and the noise of those that are left (`sampling/`) */

typedef struct {
    const float *logits; /* [copies * pictures, places, codes]: with a prompt, then without */
    int64_t pictures, places, codes, copies;
    const float *scales, *temperatures; /* [places]: of guidance; 0 takes the likeliest */
    const uint32_t *seeds; /* [pictures, 2]: lower and upper half */
    const int64_t *where; /* [pictures, places]: whose noise */
    int64_t *chosen; /* [pictures, places] */
    float *scratch; /* [threads, 2 * codes] */
    int64_t stream, top_k, threads;
    float top_p;
} choice;

/* No Gumbel number of 32 random bits is larger: -log(-log(1 - 2^-33)). */
#define LARGEST_NOISE 22.9f

/* Four random words of Philox4x32-10, as `noise.py` has them. */
INLINE void philox(uint32_t word[4], uint32_t key0, uint32_t key1) {
    for (int turn = 0; turn < 10; turn++) {
        uint64_t one = (uint64_t)word[0] * 0xD2511F53u, two = (uint64_t)word[2] * 0xCD9E8D57u;
        word[0] = (uint32_t)(two >> 32) ^ word[1] ^ key0;
        word[1] = (uint32_t)two;
        word[2] = (uint32_t)(one >> 32) ^ word[3] ^ key1;
        word[3] = (uint32_t)one;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

INLINE float gumbel(uint32_t word) {
    return (float)-log(-log((word + 0.5) / 4294967296.0));
}

/* A number whose order as an integer is that of the float. */
INLINE uint32_t ordered(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
}

/* The smallest of the k largest, by digits from the highest down; `keys` is room for n numbers. */
static float kth_largest(const float *values, int64_t n, int64_t k, uint32_t *keys) {
    for (int64_t i = 0; i < n; i++) keys[i] = ordered(values[i]);
    uint32_t found = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int64_t counts[256] = {0}, left = 0;
        for (int64_t i = 0; i < n; i++) counts[keys[i] >> shift & 255]++;
        uint32_t digit = 255;
        while (counts[digit] < k) k -= counts[digit--];
        for (int64_t i = 0; i < n; i++) {
            uint32_t key = keys[i];
            keys[left] = key;
            left += (key >> shift & 255) == digit;
        }
        found |= digit << shift;
        n = left;
    }
    uint32_t bits = found & 0x80000000u ? found ^ 0x80000000u : ~found;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* Restores the order of a heap of codes, largest value first, below one place. */
INLINE void sink(int32_t *heap, int64_t n, int64_t at, const float *values) {
    int32_t code = heap[at];
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && values[heap[child + 1]] > values[heap[child]]) child++;
        if (!(values[heap[child]] > values[code])) break;
        heap[at] = heap[child];
    }
    heap[at] = code;
}

typedef struct {
    float score;
    int64_t code;
} winner;

INLINE void compete(winner *best, float score, int64_t code) {
    if (score > best->score || (score == best->score && code < best->code)) *best = (winner){score, code};
}

/* Of the codes from `least` up, the likeliest ones that together have the share p; always the first. */
static winner among_likeliest(const float *values, int64_t codes, float least, float top_p, int32_t *heap,
                              const uint32_t *seed, uint32_t place, uint32_t stream) {
    int64_t left = 0;
    for (int64_t i = 0; i < codes; i++) {
        heap[left] = (int32_t)i;
        left += values[i] >= least;
    }
    for (int64_t at = left / 2; at-- > 0;) sink(heap, left, at, values);
    float largest = values[heap[0]], before = 0.0f, total = 0.0f;
    for (int64_t i = 0; i < left; i += LANES) {
        vec part = spread(-1000.0f);
        for (int64_t lane = 0; lane < LANES && i + lane < left; lane++) part[lane] = values[heap[i + lane]] - largest;
        total += sum_of(exponential(part));
    }
    winner best = {-INFINITY, 0};
    while (left > 0 && before < top_p) {
        int32_t code = heap[0];
        heap[0] = heap[--left];
        sink(heap, left, 0, values);
        uint32_t word[4] = {(uint32_t)code / 4, place, stream, 0};
        philox(word, seed[0], seed[1]);
        compete(&best, values[code] + gumbel(word[code % 4]), code);
        before += expf(values[code] - largest) / total;
    }
    return best;
}

/* Of all codes from `least` up. Those that no noise could make the winner get none. */
static winner among_all(const float *values, int64_t codes, float least, const uint32_t *seed, uint32_t place,
                        uint32_t stream) {
    winner best = {-INFINITY, 0};
    for (int64_t first = 0; first < codes; first += 4) {
        uint32_t word[4] = {(uint32_t)(first / 4), place, stream, 0};
        int drawn = 0;
        for (int64_t i = first; i < MIN(first + 4, codes); i++) {
            if (values[i] < least || values[i] + LARGEST_NOISE < best.score) continue;
            if (!drawn) philox(word, seed[0], seed[1]);
            drawn = 1;
            compete(&best, values[i] + gumbel(word[i - first]), i);
        }
    }
    return best;
}

static int64_t choose_one(const choice *now, int64_t picture, int64_t place, float *values, void *room) {
    const float *with = now->logits + (picture * now->places + place) * now->codes;
    const float *without = with + now->pictures * now->places * now->codes;
    float scale = now->scales[place], temperature = now->temperatures[place];
    float divisor = temperature > 0.0f ? temperature : 1.0f;
    if (now->copies == 2)
        for (int64_t i = 0; i < now->codes; i++) values[i] = (without[i] + scale * (with[i] - without[i])) / divisor;
    else
        for (int64_t i = 0; i < now->codes; i++) values[i] = with[i] / divisor;
    if (!(temperature > 0.0f)) {
        winner best = {-INFINITY, 0};
        for (int64_t i = 0; i < now->codes; i++) compete(&best, values[i], i);
        return best.code;
    }
    const uint32_t *seed = now->seeds + 2 * picture;
    uint32_t where = (uint32_t)now->where[picture * now->places + place], stream = (uint32_t)now->stream;
    int some = now->top_k > 0 && now->top_k < now->codes;
    float least = some ? kth_largest(values, now->codes, now->top_k, room) : -INFINITY;
    if (now->top_p < 1.0f) return among_likeliest(values, now->codes, least, now->top_p, room, seed, where, stream).code;
    return among_all(values, now->codes, least, seed, where, stream).code;
}

/* argmax of filtered logits / T + z for every place of every picture. */
void choose_codes(const choice *now) {
    int64_t rows = now->pictures * now->places;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)now->threads) if (now->threads > 1)
#endif
    for (int64_t row = 0; row < rows; row++) {
        int64_t thread = 0;
#ifdef _OPENMP
        if (now->threads > 1) thread = omp_get_thread_num();
#endif
        float *values = now->scratch + thread * 2 * now->codes;
        now->chosen[row] = choose_one(now, row / now->places, row % now->places, values, values + now->codes);
    }
}
