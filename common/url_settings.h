// Settings that a URL and variables of their own may both give, such as REDIS_URL and REDIS_HOST.
// What the URL leaves out comes from the variables; what both say must be the same.
#pragma once

#include <stdint.h>

#include "common/buffer.h"

// True, with a line in `errors`, if the variable `name`, or its file, is given and does not say the
// same as the URL of the variable `url`.
bool url_setting_differs(const char *url, const char *name, bool same, struct buffer *errors);

// Put what the URL names into the field of the variable `name`, unless they differ. Texts are
// copied, and the copy that the field had is freed; NULL: the URL leaves it out.
void url_setting_take_text(const char *url, const char *name, const char *named, const char **field,
                           struct buffer *errors);
void url_setting_take_number(const char *url, const char *name, int64_t named, int64_t *field,
                             struct buffer *errors);
void url_setting_take_switch(const char *url, const char *name, bool named, bool *field,
                             struct buffer *errors);
