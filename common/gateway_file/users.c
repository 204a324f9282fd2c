#include "common/gateway_file/users.h"

#define GRACE_BY_DEFAULT_S 5

static bool read_presence(struct file_reader *r, struct json_view value, void *into)
{
    return reader_flag(r, value, &((struct users *)into)->presence);
}

static bool read_grace(struct file_reader *r, struct json_view value, void *into)
{
    return reader_number(r, value, 0, USERS_GRACE_MAX_S,
                         "\"graceSeconds\" is a number from 0 to 300",
                         &((struct users *)into)->grace_s);
}

void users_init(struct users *users)
{
    *users = (struct users){.grace_s = GRACE_BY_DEFAULT_S};
}

bool users_parse(struct file_reader *r, struct json_view value, struct users *into)
{
    static const struct reader_member members[] = {
        {"presence", read_presence}, {"graceSeconds", read_grace}, {NULL, NULL}};

    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "\"users\" must be an object");
    return reader_members(r, value, members, "\"users\" has \"presence\" and \"graceSeconds\"",
                          into);
}
