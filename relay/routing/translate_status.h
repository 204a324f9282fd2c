// Why an event cannot be translated.
#pragma once

enum translate_status {
    TRANSLATE_OK,
    TRANSLATE_TOO_BIG,
    TRANSLATE_NOT_JSON,
    TRANSLATE_NOT_OBJECT,
    TRANSLATE_NO_ROOM,
    TRANSLATE_BAD_ROOM,
    TRANSLATE_NO_LIST,
    TRANSLATE_TOO_MANY_ROOMS,
    TRANSLATE_NO_TYPE,
    TRANSLATE_BAD_EVENT,
    TRANSLATE_STATUS_COUNT
};

// The reason as a constant text, for logs and dead letters.
const char *translate_status_str(enum translate_status status);
