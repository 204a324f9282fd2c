// The figures of a run: a line of text for each stage, and the same as JSON.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct figures {
    FILE *json; // NULL: none is wanted
};

// Begins the line of a stage.
void figures_begin(const struct figures *figures, const char *stage);
// Adds a figure. `name` is that of the JSON; the text shows it too.
void figures_add(const struct figures *figures, const char *name, double value);
// Ends the line.
void figures_end(const struct figures *figures);
