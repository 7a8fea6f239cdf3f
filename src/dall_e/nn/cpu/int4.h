/* Products with weights of four bits, as torch's CPU packs them for vectors of 512 bits.

   Blocks of 64 output channels; of one input channel a block has 32 bytes, of which byte 16 p + d
   holds channel 16 p + d and, in its upper half, channel 32 + 16 p + d. For other processors torch
   packs otherwise, and some have no products of bfloat16: `kernels.py` finds out, and leaves four
   bits to torch there. */

#ifndef DALL_E_INT4_H
#define DALL_E_INT4_H

#include "structures.h"
#include "vectors.h"

#define INT4_BLOCK 64 /* output channels */
#define INT4_GROUP 32 /* input channels that share a scale and a zero */

#ifdef __AVX512BF16__

/* 0 to 15 in bfloat16, twice: the table is looked up with five bits, of which the fifth must not
   matter. */
INLINE __m512i nibble_values(void) {
    return _mm512_set_epi16(
        0x4170, 0x4160, 0x4150, 0x4140, 0x4130, 0x4120, 0x4110, 0x4100, 0x40e0, 0x40c0, 0x40a0,
        0x4080, 0x4040, 0x4000, 0x3f80, 0, 0x4170, 0x4160, 0x4150, 0x4140, 0x4130, 0x4120, 0x4110,
        0x4100, 0x40e0, 0x40c0, 0x40a0, 0x4080, 0x4040, 0x4000, 0x3f80, 0);
}

/* Up to 4 rows and a block of 64 output channels, two input channels at a time.

   `pairs` are the inputs in bfloat16, two in a word; weights of 0 to 15 are exact in it. A weight
   is (nibble - 8) * scale + zero; `totals` are the sums of each group's inputs, for the offset. */
INLINE void int4_block(const linear *w, const uint32_t *pairs, const float *totals, float *y,
                       int64_t y_step, int64_t first, const int rows) {
    const __m512i table = nibble_values();
    const uint8_t *packed = (const uint8_t *)w->values + first * w->inputs / 2;
    int64_t groups = w->inputs / INT4_GROUP;
    vec sums[4][4];
    for (int p = 0; p < 4; p++)
        for (int r = 0; r < rows; r++) sums[p][r] = (vec){0};

    for (int64_t group = 0; group < groups; group++) {
        __m512 group_sums[4][4];
        for (int p = 0; p < 4; p++)
            for (int r = 0; r < rows; r++) group_sums[p][r] = _mm512_setzero_ps();

        for (int i = 0; i < INT4_GROUP / 2; i++, packed += 64)
            for (int half = 0; half < 2; half++) {
                __m128i even = _mm_loadu_si128((const __m128i *)(packed + 16 * half));
                __m128i odd = _mm_loadu_si128((const __m128i *)(packed + 32 + 16 * half));
                __m256i bytes = _mm256_set_m128i(
                    _mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd));
                __m512i words = _mm512_cvtepu8_epi16(bytes);
                __m512i upper = _mm512_srli_epi16(words, 4);
                __m512bh low = (__m512bh)_mm512_permutexvar_epi16(words, table);
                __m512bh high = (__m512bh)_mm512_permutexvar_epi16(upper, table);
                for (int r = 0; r < rows; r++) {
                    uint32_t pair = pairs[r * (w->inputs / 2) + group * (INT4_GROUP / 2) + i];
                    __m512bh in = (__m512bh)_mm512_set1_epi32((int32_t)pair);
                    group_sums[half][r] = _mm512_dpbf16_ps(group_sums[half][r], low, in);
                    group_sums[half + 2][r] = _mm512_dpbf16_ps(group_sums[half + 2][r], high, in);
                }
            }

        const uint16_t *scales = (const uint16_t *)w->scales + (group * w->stride + first) * 2;
        for (int p = 0; p < 4; p++) {
            uvec scale_and_zero = *(const loose_uvec *)(scales + 2 * LANES * p);
            vec scale = (vec)(scale_and_zero << 16), zero = (vec)(scale_and_zero & 0xffff0000u);
            vec offset = zero - 8.0f * scale;
            for (int r = 0; r < rows; r++)
                sums[p][r] += scale * (vec)group_sums[p][r] + offset * totals[r * groups + group];
        }
    }

    for (int r = 0; r < rows; r++)
        for (int p = 0; p < 4; p++) {
            float lanes[LANES];
            memcpy(lanes, &sums[p][r], sizeof lanes);
            for (int lane = 0; lane < LANES; lane++) {
                int64_t o = first + p * LANES + lane;
                if (o < w->outputs) y[r * y_step + o] = lanes[lane] + (w->bias ? w->bias[o] : 0.0f);
            }
        }
}

/* One row as `int4_block` reads it. */
static void to_pairs(const float *x, int64_t inputs, uint32_t *pairs, float *totals) {
    for (int64_t i = 0; i < inputs / 2; i++)
        pairs[i] = to_bfloat16(x[2 * i]) | to_bfloat16(x[2 * i + 1]) << 16;
    for (int64_t group = 0; group < inputs / INT4_GROUP; group++) {
        vec sum = {0};
        for (int i = 0; i < INT4_GROUP; i += LANES) {
            uvec bits = (uvec)load(x + group * INT4_GROUP + i);
            sum += (vec)((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
        }
        totals[group] = sum_of(sum);
    }
}

static void int4_product(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                         int64_t y_step, int64_t first, int64_t last) {
    int64_t num_pairs = w->inputs / 2, groups = w->inputs / INT4_GROUP;
    for (int64_t r = 0; r < rows; r += 4) {
        int64_t chunk = MIN(4, rows - r);
        uint32_t pairs[chunk * num_pairs];
        float totals[chunk * groups];
        for (int64_t row = 0; row < chunk; row++) {
            const float *in = x + (r + row) * x_step;
            to_pairs(in, w->inputs, pairs + row * num_pairs, totals + row * groups);
        }

        float *out = y + r * y_step;
        for (int64_t o = first; o < last; o += INT4_BLOCK) {
            if (chunk == 4) int4_block(w, pairs, totals, out, y_step, o, 4);
            else if (chunk == 3) int4_block(w, pairs, totals, out, y_step, o, 3);
            else if (chunk == 2) int4_block(w, pairs, totals, out, y_step, o, 2);
            else int4_block(w, pairs, totals, out, y_step, o, 1);
        }
    }
}

#else

/* Never used: zeros tell `kernels.py` that there are no such products here. */
static void int4_product(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                         int64_t y_step, int64_t first, int64_t last) {
    (void)x, (void)x_step;
    last = MIN(last, w->outputs);
    for (int64_t r = 0; r < rows; r++)
        memset(y + r * y_step + first, 0, (last - first) * sizeof *y);
}

#endif
#endif
