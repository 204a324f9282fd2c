#include "tests/scale/figures.h"

// Three digits behind the point for what is small, none for what is large.
static int decimals(double value)
{
    if (value == (double)(long long)value || value >= 1000)
        return 0;
    return value < 10 ? 3 : 1;
}

void figures_begin(const struct figures *figures, const char *stage)
{
    printf("%-8s", stage);
    if (figures->json)
        fprintf(figures->json, "{\"stage\":\"%s\"", stage);
}

void figures_add(const struct figures *figures, const char *name, double value)
{
    printf("  %s %.*f", name, decimals(value), value);
    if (figures->json)
        fprintf(figures->json, ",\"%s\":%.*f", name, decimals(value), value);
}

void figures_end(const struct figures *figures)
{
    printf("\n");
    fflush(stdout);
    if (figures->json) {
        fprintf(figures->json, "}\n");
        fflush(figures->json);
    }
}
