/* Vectors of as many float32 numbers as a register of this processor holds, and the arithmetic that
   the kernels need on them. */

#ifndef DALL_E_VECTORS_H
#define DALL_E_VECTORS_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

/* What a register holds, and how many there are: compilers take wider vectors apart badly. */
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

#define INLINE static inline __attribute__((always_inline))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define SIGN_BIT ((int32_t)0x80000000)

/* Vectors of the compiler's own: it makes of them what the processor has. */
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef float vec4 __attribute__((vector_size(16)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * LANES)));

/* The same in memory, at any address. */
typedef float loose_vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint32_t loose_uvec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint16_t loose_u16 __attribute__((vector_size(2 * LANES), aligned(2)));
typedef int8_t loose_i8 __attribute__((vector_size(LANES), aligned(1)));

INLINE vec broadcast(float value) {
    return (vec){0} + value;
}

INLINE vec load(const float *at) {
    return *(const loose_vec *)at;
}

INLINE void store(float *at, vec value) {
    *(loose_vec *)at = value;
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

/* bfloat16, the upper half of a float32 */

INLINE float from_bfloat16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

/* Rounded to nearest, ties to even; the lower 16 bits of the result. */
INLINE uint32_t to_bfloat16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* Compilers make a dozen instructions of this conversion where the processor has one. */
INLINE ivec from_int8(const int8_t *at) {
#if defined(__AVX512F__)
    return (ivec)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)at));
#elif defined(__AVX2__)
    return (ivec)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)at));
#else
    return __builtin_convertvector(*(const loose_i8 *)at, ivec);
#endif
}

/* Functions */

/* e^x to 2 units in the last place (Cody and Waite 1980); 0 below -87. */
INLINE vec exponential(vec x) {
    const vec low = broadcast(-87.3f), high = broadcast(88.3f);
    ivec vanishes = x < low;
    x = (vec)(((ivec)x & ~(x > high)) | ((ivec)high & (x > high)));
    x = (vec)(((ivec)x & ~vanishes) | ((ivec)low & vanishes));

    /* x = n log 2 + rest, with log 2 in two parts so that nothing is lost. */
    vec turns = x * 1.44269504f;
    vec signed_half = (vec)((ivec)broadcast(0.5f) | ((ivec)turns & SIGN_BIT));
    ivec exponent = __builtin_convertvector(turns + signed_half, ivec);
    vec n = __builtin_convertvector(exponent, vec);
    vec rest = x - n * 0.693359375f + n * 2.12194440e-4f;

    vec power = broadcast(1.9875691500e-4f);
    power = power * rest + 1.3981999507e-3f;
    power = power * rest + 8.3334519073e-3f;
    power = power * rest + 4.1665795894e-2f;
    power = power * rest + 1.6666665459e-1f;
    power = power * rest + 5.0000001201e-1f;
    power = power * rest * rest + rest + 1.0f;

    vec result = power * (vec)((exponent + 127) << 23);
    return (vec)((ivec)result & ~vanishes);
}

INLINE vec sigmoid(vec x) {
    return 1.0f / (1.0f + exponential(-x));
}

/* x times the normal distribution function; erf to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26). */
INLINE vec gelu(vec x) {
    vec z = x * 0.70710678f;
    vec size = (vec)((ivec)z & ~SIGN_BIT);
    vec t = 1.0f / (1.0f + 0.3275911f * size);
    vec poly = -1.453152027f + t * 1.061405429f;
    poly = 1.421413741f + t * poly;
    poly = -0.284496736f + t * poly;
    poly = t * (0.254829592f + t * poly);
    vec erf = 1.0f - poly * exponential(-size * size);
    erf = (vec)((ivec)erf | ((ivec)z & SIGN_BIT));
    return 0.5f * x * (1.0f + erf);
}

#endif
