#include "relay/routing/translate_status.h"

static const char *const reasons[TRANSLATE_STATUS_COUNT] = {
    [TRANSLATE_OK] = "ok",
    [TRANSLATE_TOO_BIG] = "the body is over MAX_EVENT_BYTES",
    [TRANSLATE_NOT_JSON] = "the body is not valid JSON",
    [TRANSLATE_NOT_OBJECT] = "the body is no JSON object",
    [TRANSLATE_NO_ROOM] = "the room id is missing",
    [TRANSLATE_BAD_ROOM] = "the room id is no text or integer, too long, or has control characters",
    [TRANSLATE_NO_LIST] = "the member for several room ids is no list",
    [TRANSLATE_TOO_MANY_ROOMS] = "the event has more than 1000 rooms",
    [TRANSLATE_NO_TYPE] = "a room is of no type of the file, or has no id",
    [TRANSLATE_BAD_EVENT] = "the name of the event is missing, too long, or taken",
};

const char *translate_status_str(enum translate_status status)
{
    return reasons[status];
}
