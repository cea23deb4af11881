#include "harness/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/stats.h"

/* Up to these sizes the ranks' distribution is counted out; beyond, the normal limit is good to four digits. */
enum { EXACT_PAIRS = 128, EXACT_SIDE = 40 };

/* --- order statistics of all pairs, without listing them ------------------------------------------------------------
 */

/* x, y sorted. Pairs are (i, j) with value y[j] - x[i], or (x[i] + x[j]) / 2 for i <= j where y is NULL. */
typedef struct pairs {
    const double *x, *y;
    size_t nx, ny;
} pairs;

static double pairs_total(const pairs *p) {
    const double n = (double)p->nx;
    return p->y ? n * (double)p->ny : n * (n + 1) / 2;
}

/* How many pairs are at most v. Both walks rely on rounding being monotone. */
static double pairs_up_to(const pairs *p, double v) {
    double count = 0;
    if (p->y) {
        for (size_t i = 0, j = 0; i < p->nx; i++) {
            while (j < p->ny && p->y[j] - p->x[i] <= v) j++;
            count += (double)j;
        }
        return count;
    }
    size_t j = p->nx; /* pairs (i, i) .. (i, j - 1) are small enough; j falls as i rises */
    for (size_t i = 0; i < p->nx; i++) {
        while (j > i && (p->x[i] + p->x[j - 1]) / 2 > v) j--;
        if (j <= i) break;
        count += (double)(j - i);
    }
    return count;
}

/* The k-th smallest pair, k from 1: the least v that k pairs do not exceed, found by halving down to neighbours. */
static double pairs_kth(const pairs *p, double k) {
    double low = p->y ? p->y[0] - p->x[p->nx - 1] : p->x[0];
    double high = p->y ? p->y[p->ny - 1] - p->x[0] : p->x[p->nx - 1];
    if (pairs_up_to(p, low) >= k) return low;
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) return high;
        if (pairs_up_to(p, middle) >= k)
            high = middle;
        else
            low = middle;
    }
}

/* --- how far in from the ends the interval may start ----------------------------------------------------------------
 */

/* z with P(Z <= -z) = tail. */
static double normal_quantile(double tail) {
    double low = 0;
    double high = 40;
    for (int i = 0; i < 200; i++) {
        const double z = (low + high) / 2;
        *(erfc(z / sqrt(2)) / 2 > tail ? &low : &high) = z;
    }
    return high;
}

/* The largest c with P(ranks <= c) <= tail, from the ways of each sum; -1 if even 0 is likelier. *below = P(<= c). */
static double cut_counted(const double *ways, size_t most, double total, double tail, double *below) {
    double cut = -1;
    double sum = 0;
    *below = ways[0] / total; /* what is left out when the whole range is taken */
    for (size_t u = 0; u <= most; u++) {
        sum += ways[u];
        if (sum / total > tail) break;
        cut = (double)u;
        *below = sum / total;
    }
    return cut;
}

static double cut_normal(double mean, double sd, double tail, double *below) {
    const double cut = floor(mean - normal_quantile(tail) * sd - 0.5);
    *below = erfc((mean - cut - 0.5) / sd / sqrt(2)) / 2;
    return cut;
}

/* Ways to reach each sum of signed ranks: coefficients of (1 + q)(1 + q^2) ... (1 + q^n). */
static int cut_signed_ranks(size_t n, double tail, double *cut, double *below, gb_error *err) {
    const double sums = (double)n * (double)(n + 1) / 2;
    if (n > EXACT_PAIRS) {
        *cut = cut_normal(sums / 2, sqrt(sums * (2 * (double)n + 1) / 12), tail, below);
        return GB_OK;
    }
    const size_t most = (size_t)(sums / 2);
    double *ways = gb_new(most + 1, sizeof *ways, "signed ranks", err);
    if (!ways) return GB_ESYSTEM;
    ways[0] = 1;
    for (size_t i = 1; i <= n; i++)
        for (size_t u = most; u >= i; u--) ways[u] += ways[u - i];
    *cut = cut_counted(ways, most, ldexp(1, (int)n), tail, below);
    free(ways);
    return GB_OK;
}

/* Ways to reach each U: the Gaussian binomial coefficient, (1 - q^(m+1)) ... (1 - q^(m+n)) / (1 - q) ... (1 - q^n).
 * Each coefficient is made of lower ones only, so the small ones, which the tail is made of, are exact. */
static int cut_mann_whitney(size_t m, size_t n, double tail, double *cut, double *below, gb_error *err) {
    const double products = (double)m * (double)n;
    if (m > EXACT_SIDE || n > EXACT_SIDE) {
        *cut = cut_normal(products / 2, sqrt(products * (double)(m + n + 1) / 12), tail, below);
        return GB_OK;
    }
    const size_t most = m * n / 2;
    double *ways = gb_new(most + 1, sizeof *ways, "rank sums", err);
    if (!ways) return GB_ESYSTEM;
    ways[0] = 1;
    double total = 1;
    for (size_t i = 1; i <= n; i++) {
        for (size_t u = most; u >= m + i; u--) ways[u] -= ways[u - m - i];
        for (size_t u = i; u <= most; u++) ways[u] += ways[u - i];
        total *= (double)(m + i) / (double)i;
    }
    *cut = cut_counted(ways, most, total, tail, below);
    free(ways);
    return GB_OK;
}

/* --- shifts
 * ----------------------------------------------------------------------------------------------------------- */

static gb_shift shift_of(const pairs *p, double cut, double below) {
    const double total = pairs_total(p);
    const double half = floor(total / 2);
    gb_shift s = {.estimate = pairs_kth(p, half + 1), .coverage = 1 - 2 * below};
    if (half * 2 == total) s.estimate = (s.estimate + pairs_kth(p, half)) / 2;
    if (cut < 0) cut = 0; /* too few: the whole range, whose coverage says so */
    s.low = pairs_kth(p, cut + 1);
    s.high = pairs_kth(p, total - cut);
    return s;
}

static double *sorted_copy(const double *x, size_t n, gb_error *err) {
    double *copy = gb_new(n, sizeof *copy, "samples to compare", err);
    if (!copy) return NULL;
    memcpy(copy, x, n * sizeof *copy);
    gb_sort_doubles(copy, n);
    return copy;
}

int gb_shift_paired(const double *d, size_t n, double confidence, gb_shift *out, gb_error *err) {
    double cut = 0;
    double below = 0;
    double *x = sorted_copy(d, n, err);
    int rc = x ? cut_signed_ranks(n, (1 - confidence) / 2, &cut, &below, err) : GB_ESYSTEM;
    if (!rc) *out = shift_of(&(pairs){.x = x, .nx = n}, cut, below);
    free(x);
    return rc;
}

int gb_shift_two(const double *x, size_t nx, const double *y, size_t ny, double confidence, gb_shift *out,
                 gb_error *err) {
    double cut = 0;
    double below = 0;
    double *a = sorted_copy(x, nx, err);
    double *b = a ? sorted_copy(y, ny, err) : NULL;
    int rc = b ? cut_mann_whitney(nx, ny, (1 - confidence) / 2, &cut, &below, err) : GB_ESYSTEM;
    if (!rc) *out = shift_of(&(pairs){.x = a, .y = b, .nx = nx, .ny = ny}, cut, below);
    free(a);
    free(b);
    return rc;
}

/* --- ratios
 * ----------------------------------------------------------------------------------------------------------- */

static double *logarithms(const double *x, size_t n, gb_error *err) {
    double *l = gb_new(n, sizeof *l, "samples to compare", err);
    for (size_t i = 0; l && i < n; i++) {
        if (!(x[i] > 0) || !isfinite(x[i])) {
            gb_fail(err, GB_EINPUT, "sample %zu is %g: only positive numbers have a ratio", i + 1, x[i]);
            free(l);
            return NULL;
        }
        l[i] = log(x[i]);
    }
    return l;
}

static gb_ratio ratio_of(const gb_shift *s, double floor) {
    return (gb_ratio){.ratio = exp(s->estimate),
                      .low = exp(s->low) / (1 + floor),
                      .high = exp(s->high) * (1 + floor),
                      .coverage = s->coverage,
                      .floor = floor};
}

/* Which of the two reasons logarithms() had. */
static int refused(const gb_error *err) {
    return err && err->code == GB_EINPUT ? GB_EINPUT : GB_ESYSTEM;
}

int gb_ratio_paired(const double *a, const double *b, size_t n, double confidence, double floor, gb_ratio *out,
                    gb_error *err) {
    gb_error own = {0};
    if (!err) err = &own;
    gb_shift s = {0};
    double *x = logarithms(a, n, err);
    double *y = x ? logarithms(b, n, err) : NULL;
    int rc = y ? GB_OK : refused(err);
    for (size_t i = 0; !rc && i < n; i++) y[i] -= x[i];
    if (!rc) rc = gb_shift_paired(y, n, confidence, &s, err);
    free(x);
    free(y);
    if (rc) return rc;
    *out = ratio_of(&s, floor);
    out->paired = true;
    out->n_a = out->n_b = n;
    return GB_OK;
}

int gb_ratio_two(const double *a, size_t na, const double *b, size_t nb, double confidence, double floor, gb_ratio *out,
                 gb_error *err) {
    gb_error own = {0};
    if (!err) err = &own;
    gb_shift s = {0};
    double *x = logarithms(a, na, err);
    double *y = x ? logarithms(b, nb, err) : NULL;
    int rc = y ? gb_shift_two(x, na, y, nb, confidence, &s, err) : refused(err);
    free(x);
    free(y);
    if (rc) return rc;
    *out = ratio_of(&s, floor);
    out->n_a = na;
    out->n_b = nb;
    return GB_OK;
}

gb_difference gb_ratio_shows(const gb_ratio *r, double confidence) {
    if (r->coverage < confidence) return GB_NOT_SHOWN;
    return r->low > 1 ? GB_HIGHER : r->high < 1 ? GB_LOWER : GB_NOT_SHOWN;
}
