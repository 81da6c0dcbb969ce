/* SPDX-License-Identifier: MIT */
/* Grids: one function over all combinations of what it can be given, a line or a column for each. */
#ifndef PARITY_GRIDS_H
#define PARITY_GRIDS_H

#include "side.h"

/* grid_attr.c */
void grid_validate(const struct step *s);
void grid_parse(const struct step *s);
void grid_put(const struct step *s);
void grid_get(const struct step *s);
void grid_short(const struct step *s);
void grid_text(const struct step *s);

#endif
