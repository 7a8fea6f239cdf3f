/* The sampling of codes: guidance, temperature, top-k, top-p, and the noise of those that are left.
   `sampling/filters.py` and `sampling/noise.py` say the same in torch. */

#ifndef DALL_E_SAMPLING_H
#define DALL_E_SAMPLING_H

#ifdef _OPENMP
#include <omp.h>
#endif

#include "structures.h"
#include "vectors.h"

/* Noise */

/* No Gumbel number of 32 random bits is larger: -log(-log(1 - 2^-33)). */
#define LARGEST_NOISE 22.9f

/* Whose noise: it is a function of these and of the code. */
typedef struct {
    int64_t seed;
    uint32_t position, stream;
} noise_address;

/* Four random words of Philox4x32-10, for the codes 4 block .. 4 block + 3; see `noise.py`. */
INLINE void philox(const noise_address *address, uint32_t block, uint32_t words[4]) {
    uint32_t key0 = (uint32_t)address->seed, key1 = (uint32_t)(address->seed >> 32);
    words[0] = block, words[1] = address->position, words[2] = address->stream, words[3] = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t product0 = (uint64_t)words[0] * 0xD2511F53u;
        uint64_t product1 = (uint64_t)words[2] * 0xCD9E8D57u;
        words[0] = (uint32_t)(product1 >> 32) ^ words[1] ^ key0;
        words[1] = (uint32_t)product1;
        words[2] = (uint32_t)(product0 >> 32) ^ words[3] ^ key1;
        words[3] = (uint32_t)product0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

INLINE float gumbel(uint32_t word) {
    return (float)-log(-log((word + 0.5) / 4294967296.0));
}

/* Top-k */

/* An integer whose order is that of the float, and back. */
INLINE uint32_t sort_key(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
}

INLINE float from_sort_key(uint32_t key) {
    uint32_t bits = key & 0x80000000u ? key ^ 0x80000000u : ~key;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* The smallest of the k largest, by digits from the highest down; `keys` has room for n numbers. */
static float kth_largest(const float *values, int64_t n, int64_t k, uint32_t *keys) {
    for (int64_t i = 0; i < n; i++) keys[i] = sort_key(values[i]);

    uint32_t kth_key = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int64_t counts[256] = {0};
        for (int64_t i = 0; i < n; i++) counts[keys[i] >> shift & 255]++;
        uint32_t digit = 255;
        while (counts[digit] < k) k -= counts[digit--];

        /* Only keys with this digit are left. */
        int64_t left = 0;
        for (int64_t i = 0; i < n; i++) {
            uint32_t key = keys[i];
            keys[left] = key;
            left += (key >> shift & 255) == digit;
        }
        kth_key |= digit << shift;
        n = left;
    }
    return from_sort_key(kth_key);
}

/* The winner */

typedef struct {
    float score;
    int64_t code;
} candidate;

/* Keeps the better of two; of equal ones the lower code, as argmax does. */
INLINE void compete(candidate *best, float score, int64_t code) {
    if (score > best->score || (score == best->score && code < best->code))
        *best = (candidate){score, code};
}

static int64_t likeliest(const float *values, int64_t codes) {
    candidate best = {-INFINITY, 0};
    for (int64_t i = 0; i < codes; i++) compete(&best, values[i], i);
    return best.code;
}

/* Restores the order of a heap of codes, largest value first, below one index. */
INLINE void sift_down(int32_t *heap, int64_t n, int64_t at, const float *values) {
    int32_t code = heap[at];
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && values[heap[child + 1]] > values[heap[child]]) child++;
        if (!(values[heap[child]] > values[code])) break;
        heap[at] = heap[child];
    }
    heap[at] = code;
}

/* The sum of exp(value - largest) over the first n codes of a heap. */
static float sum_of_exponentials(const float *values, const int32_t *heap, int64_t n) {
    float largest = values[heap[0]], total = 0.0f;
    for (int64_t i = 0; i < n; i += LANES) {
        vec differences = broadcast(-1000.0f);
        for (int64_t lane = 0; lane < LANES && i + lane < n; lane++)
            differences[lane] = values[heap[i + lane]] - largest;
        total += sum_of(exponential(differences));
    }
    return total;
}

/* Top-p: of the codes from `threshold` up, the likeliest ones that together have the probability p;
   always the first. */
static int64_t sample_nucleus(const float *values, int64_t codes, float threshold, float top_p,
                              int32_t *heap, const noise_address *address) {
    int64_t left = 0;
    for (int64_t i = 0; i < codes; i++) {
        heap[left] = (int32_t)i;
        left += values[i] >= threshold;
    }
    for (int64_t at = left / 2; at-- > 0;) sift_down(heap, left, at, values);
    float largest = values[heap[0]], total = sum_of_exponentials(values, heap, left);

    candidate best = {-INFINITY, 0};
    float probability = 0.0f; /* of the codes so far */
    while (left > 0 && probability < top_p) {
        int32_t code = heap[0];
        heap[0] = heap[--left];
        sift_down(heap, left, 0, values);

        uint32_t words[4];
        philox(address, (uint32_t)code / 4, words);
        compete(&best, values[code] + gumbel(words[code % 4]), code);
        probability += expf(values[code] - largest) / total;
    }
    return best.code;
}

/* All codes from `threshold` up. Those that no noise could make the winner get none. */
static int64_t sample_all(const float *values, int64_t codes, float threshold,
                          const noise_address *address) {
    candidate best = {-INFINITY, 0};
    for (int64_t first = 0; first < codes; first += 4) {
        uint32_t words[4];
        int has_words = 0;
        for (int64_t i = first; i < MIN(first + 4, codes); i++) {
            if (values[i] < threshold || values[i] + LARGEST_NOISE < best.score) continue;
            if (!has_words) philox(address, (uint32_t)(first / 4), words);
            has_words = 1;
            compete(&best, values[i] + gumbel(words[i - first]), i);
        }
    }
    return best.code;
}

/* One position of one image. `values` and `room` hold one number for each code. */
static int64_t sample_code(const sampling_call *call, int64_t image, int64_t position,
                           float *values, void *room) {
    int64_t codes = call->codes, row = image * call->positions + position;
    const float *conditional = call->logits + row * codes;
    const float *unconditional = conditional + call->images * call->positions * codes;
    float scale = call->guidance_scale, temperature = call->temperatures[position];
    float divisor = temperature > 0.0f ? temperature : 1.0f;

    /* Classifier-free guidance, then temperature. */
    if (call->copies == 2)
        for (int64_t i = 0; i < codes; i++) {
            float difference = conditional[i] - unconditional[i];
            values[i] = (unconditional[i] + scale * difference) / divisor;
        }
    else
        for (int64_t i = 0; i < codes; i++) values[i] = conditional[i] / divisor;
    if (!(temperature > 0.0f)) return likeliest(values, codes);

    /* argmax of what the filters leave, plus noise. */
    noise_address address = {
        call->seeds[image], (uint32_t)call->position_ids[row], (uint32_t)call->stream};
    int filters = call->top_k > 0 && call->top_k < codes;
    float threshold = filters ? kth_largest(values, codes, call->top_k, room) : -INFINITY;
    if (call->top_p < 1.0f)
        return sample_nucleus(values, codes, threshold, call->top_p, room, &address);
    return sample_all(values, codes, threshold, &address);
}

/* argmax of filtered logits / T + noise, for every position of every image. */
void sample_codes(const sampling_call *call) {
    int64_t rows = call->images * call->positions;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)call->threads) if (call->threads > 1)
#endif
    for (int64_t row = 0; row < rows; row++) {
        int64_t thread = 0;
#ifdef _OPENMP
        if (call->threads > 1) thread = omp_get_thread_num();
#endif
        float *values = call->scratch + thread * 2 * call->codes;
        call->sampled[row] = sample_code(
            call, row / call->positions, row % call->positions, values, values + call->codes);
    }
}

#endif
