/* What drawing on a CPU calls: a stack of transformer blocks for a few tokens, `run_blocks`; one
   linear layer, `run_linear`; the sampling of codes, `sample_codes` (`sampling.h`). `kernels.py`
   compiles this file, with the headers beside it, for the machine it runs on.

   Through an interpreter a block is some forty operations on a few kilobytes each, and starting
   them takes longer than doing them. Here nothing stands between two of them but a barrier of the
   threads. Weights are read where they lie, in float32, bfloat16, eight or four bits; what flows
   through the blocks is float32, rounded to bfloat16 only where it meets weights of four bits.

   Every sum is made in an order that depends on neither the number of rows nor that of threads,
   so an image is the same in any batch, to the bit.

   Names: a row is one token of one batch entry, row = entry * tokens + token. D width, K head
   width. */

#ifdef _OPENMP
#include <omp.h>
#define BARRIER _Pragma("omp barrier")
#else
#define BARRIER
#endif

#include "attention.h"
#include "linear.h"
#include "norm.h"
#include "sampling.h"
#include "structures.h"
#include "vectors.h"

/* Scratch memory. Rows start at multiples of 64 numbers, so that vectors may go over their end. */

static int64_t padded(int64_t number) {
    return (number + 63) / 64 * 64;
}

/* Of rows of queries, keys and values, or of gate and up. */
static int64_t wide_step(const stack_call *call) {
    return padded(MAX(3 * call->width, 2 * call->mlp_width));
}

static int64_t scores_step(const stack_call *call) {
    return padded(MAX(call->capacity, call->cross_capacity));
}

/* Numbers of `call.scratch`. */
int64_t scratch_size(const stack_call *call) {
    int64_t per_row = 2 * padded(call->width) + padded(call->mlp_width) + wide_step(call);
    return call->entries * call->tokens * per_row + call->threads * scores_step(call);
}

/* Threads */

/* What one thread works with. Of each step it does a share: of rows, output channels, or heads. */
typedef struct {
    const stack_call *call;
    int64_t thread, threads, rows, first_row, last_row;
    int64_t step, wide_step, hidden_step; /* numbers from one row to the next */
    float *in, *out;                      /* [rows, D] what a layer reads, and what it adds */
    float *wide;                          /* [rows, 3 D] or [rows, 2 * MLP width] */
    float *hidden;                        /* [rows, MLP width] */
    float *scores;                        /* of this thread's own */
} worker;

/* The part of `total` that a thread does, in whole units. */
INLINE void split_work(int64_t total, int64_t unit, int64_t thread, int64_t threads, int64_t *first,
                  int64_t *last) {
    int64_t units = (total + unit - 1) / unit;
    *first = MIN(units * thread / threads * unit, total);
    *last = MIN(units * (thread + 1) / threads * unit, total);
}

static worker make_worker(const stack_call *call, int64_t thread, int64_t threads) {
    int64_t rows = call->entries * call->tokens, first_row, last_row;
    int64_t step = padded(call->width), hidden_step = padded(call->mlp_width);
    split_work(rows, 1, thread, threads, &first_row, &last_row);

    float *in = call->scratch, *out = in + rows * step, *wide = out + rows * step;
    float *hidden = wide + rows * wide_step(call), *scores = hidden + rows * hidden_step;
    return (worker){call, thread, threads, rows, first_row, last_row,
                    step, wide_step(call), hidden_step,
                    in, out, wide, hidden, scores + thread * scores_step(call)};
}

/* Steps of a block. Each ends when its results may be read by all threads. */

/* in = norm(rows) */
static void norm_rows(const norm *n, const worker *w) {
    int64_t width = w->call->width;
    for (int64_t r = w->first_row; r < w->last_row; r++)
        normalise(n, w->call->rows + r * width, w->in + r * w->step, width);
    BARRIER
}

/* rows += norm(out). No barrier: the rows of a thread are read by that thread next. */
static void add_normed(const norm *n, const worker *w) {
    int64_t width = w->call->width;
    for (int64_t r = w->first_row; r < w->last_row; r++) {
        float *out = w->out + r * w->step;
        normalise(n, out, out, width);
        add_to(w->call->rows + r * width, out, width);
    }
}

/* y = W x + bias, all rows */
static void project(const linear *l, const float *x, int64_t x_step, float *y, int64_t y_step,
                    const worker *w) {
    int64_t first, last;
    split_work(l->outputs, output_unit(l), w->thread, w->threads, &first, &last);
    product(l, x, x_step, w->rows, y, y_step, first, last);
    BARRIER
}

static void attention_step(const block *b, const cache *layer_cache, int64_t layer,
                           const worker *w) {
    const stack_call *call = w->call;
    int64_t first, last;
    norm_rows(&b->attention_norm, w);
    project(&b->qkv, w->in, w->step, w->wide, w->wide_step, w);

    split_work(call->entries * call->heads, 1, w->thread, w->threads, &first, &last);
    for (int64_t pair = first; pair < last; pair++)
        self_attention(b, layer_cache, call, layer, pair / call->heads, pair % call->heads, w->wide,
                       w->wide_step, w->in, w->step, w->scores);
    BARRIER

    project(&b->out, w->in, w->step, w->out, w->step, w);
    add_normed(&b->attention_after, w);
}

static void cross_attention_step(const block *b, const cache *text, const worker *w) {
    const stack_call *call = w->call;
    int64_t first, last;
    norm_rows(&b->cross_norm, w);
    project(&b->cross_q, w->in, w->step, w->wide, w->wide_step, w);

    split_work(call->entries * call->heads, 1, w->thread, w->threads, &first, &last);
    for (int64_t pair = first; pair < last; pair++)
        cross_attention(text, call, pair / call->heads, pair % call->heads, w->wide, w->wide_step,
                        w->in, w->step, w->scores);
    BARRIER

    project(&b->cross_out, w->in, w->step, w->out, w->step, w);
    add_normed(&b->cross_after, w);
}

static void mlp_step(const block *b, const worker *w) {
    int64_t inner = w->call->mlp_width;
    norm_rows(&b->mlp_norm, w);
    project(&b->up, w->in, w->step, w->wide, w->wide_step, w);

    for (int64_t r = w->first_row; r < w->last_row; r++) {
        float *hidden = w->hidden + r * w->hidden_step;
        activate(w->wide + r * w->wide_step, hidden, inner, b->mlp_kind);
        normalise(&b->mlp_inside, hidden, hidden, inner);
    }
    BARRIER

    project(&b->down, w->hidden, w->hidden_step, w->out, w->step, w);
    add_normed(&b->mlp_after, w);
}

/* One thread's part of all layers. */
static void run_thread(const block *blocks, const cache *caches, const cache *texts,
                       const stack_call *call, int64_t thread, int64_t threads) {
    worker w = make_worker(call, thread, threads);
    for (int64_t layer = 0; layer < call->layers; layer++) {
        const block *b = blocks + layer;
        attention_step(b, caches + layer, layer, &w);
        if (b->cross_q.values) cross_attention_step(b, texts + layer, &w);
        mlp_step(b, &w);
    }
}

/* What Python calls */

/* Runs `call.rows` through the blocks. `caches` has one entry per layer, and so has `texts` where
   there is cross-attention. */
void run_blocks(const block *blocks, const cache *caches, const cache *texts,
                const stack_call *call) {
#ifdef _OPENMP
    if (call->threads > 1) {
#pragma omp parallel num_threads((int)call->threads)
        run_thread(blocks, caches, texts, call, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    run_thread(blocks, caches, texts, call, 0, 1);
}

/* One linear layer on its own: y[r] = W x[r] + bias. */
void run_linear(const linear *w, const float *x, int64_t x_step, int64_t rows, float *y,
                int64_t y_step, int64_t threads) {
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel num_threads((int)threads)
        {
            int64_t first, last;
            split_work(w->outputs, output_unit(w), omp_get_thread_num(), omp_get_num_threads(), &first,
                  &last);
            product(w, x, x_step, rows, y, y_step, first, last);
        }
        return;
    }
#endif
    product(w, x, x_step, rows, y, y_step, 0, w->outputs);
}
