#include "common/redis_settings.h"

#include "common/settings.h"

void redis_settings_check(const struct redis_settings *settings, struct buffer *errors)
{
    if (settings->username && !settings->password)
        settings_fault(errors, "REDIS_USERNAME needs REDIS_PASSWORD: Redis takes no user without a "
                               "password");
}
