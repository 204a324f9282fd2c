#include "common/broker_url.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"
#include "common/settings.h"

#define NO_HOST_NEEDED "socket" // stands where a host has to be
#define PORT_ZERO      (-1)     // is given, while 0 says that none is

// Returns what follows "scheme://", or NULL if `text` begins with none of the schemes.
static const char *take_scheme(const char *text, const char *const *schemes, const char **scheme)
{
    for (; *schemes; schemes++) {
        size_t len = strlen(*schemes);
        if (strncasecmp(text, *schemes, len) != 0 || strncmp(text + len, "://", 3) != 0)
            continue;
        *scheme = *schemes;
        return text + len + 3;
    }
    return NULL;
}

// libcurl wants a host, so a socket gets one.
static char *with_host(const char *scheme, const char *rest)
{
    struct buffer text = {0};
    size_t authority = strcspn(rest, "/");

    buffer_printf(&text, "%s://%.*s%s%s", scheme, (int)authority, rest, NO_HOST_NEEDED,
                  rest + authority);
    return text.ptr;
}

// Without a host, libcurl would take the path for one.
static const char *check_authority(const char *rest, bool socket)
{
    size_t authority = strcspn(rest, "/");
    bool has_host = authority > 0 && rest[authority - 1] != '@';

    if (socket && has_host)
        return "it must name a file: unix:///run/redis.sock";
    if (socket && rest[authority] == '\0')
        return "it names no file";
    return socket || has_host ? NULL : "it names no host";
}

// False if the part cannot be decoded. `out` is NULL if it is missing or empty.
static bool take_part(CURLU *parser, CURLUPart part, char **out)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(parser, part, &text, CURLU_URLDECODE);
    bool found = code == CURLUE_OK && text && text[0] != '\0';

    *out = found ? mem_strdup(text) : NULL;
    curl_free(text);
    return code != CURLUE_URLDECODE && code != CURLUE_OUT_OF_MEMORY;
}

static bool take_parts(CURLU *parser, struct broker_url *url)
{
    char *port = NULL;
    bool ok = take_part(parser, CURLUPART_USER, &url->user) &&
              take_part(parser, CURLUPART_PASSWORD, &url->password) &&
              take_part(parser, CURLUPART_HOST, &url->host) &&
              take_part(parser, CURLUPART_PORT, &port) &&
              take_part(parser, CURLUPART_PATH, &url->path) &&
              take_part(parser, CURLUPART_QUERY, &url->query);

    url->port = port ? strtol(port, NULL, 10) : 0;
    if (port && url->port == 0)
        url->port = PORT_ZERO;
    free(port);
    return ok;
}

static void strip(char **text, size_t front, size_t back)
{
    size_t len = strlen(*text);

    memmove(*text, *text + front, len - front - back);
    (*text)[len - front - back] = '\0';
}

static const char *tidy(struct broker_url *url, bool socket)
{
    if (socket) {
        free(url->host);
        url->host = NULL;
        return NULL;
    }
    if (url->host && url->host[0] == '[' && url->host[strlen(url->host) - 1] == ']')
        strip(&url->host, 1, 1);
    if (url->path)
        strip(&url->path, 1, 0);
    if (url->path && url->path[0] == '\0') {
        free(url->path);
        url->path = NULL;
    }
    return url->host && setting_value_is_host(url->host) ? NULL : "its host is none";
}

static const char *parse(CURLU *parser, struct broker_url *url, const char *text, bool socket)
{
    const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS;
    char *fragment;

    if (curl_url_set(parser, CURLUPART_URL, text, flags) != CURLUE_OK)
        return "it is none; a character with a meaning in URLs must be percent-encoded in user and "
               "password (# is %23, / is %2F, @ is %40)";
    bool ok = take_part(parser, CURLUPART_FRAGMENT, &fragment);
    free(fragment);
    if (!ok || fragment)
        return "a # in user and password must be written %23";
    if (!take_parts(parser, url))
        return "it has a % that is no percent-encoded character, or one that is no text";
    if (url->port == PORT_ZERO)
        return "its port is 0";
    return tidy(url, socket);
}

const char *broker_url_parse(struct broker_url *url, const char *text, const char *const *schemes)
{
    *url = (struct broker_url){0};
    const char *rest = take_scheme(text, schemes, &url->scheme);
    if (!rest)
        return "it begins with another scheme";
    bool socket = strcmp(url->scheme, BROKER_URL_SOCKET) == 0;
    const char *fault = check_authority(rest, socket);
    if (fault)
        return fault;

    CURLU *parser = curl_url();
    char *with = socket ? with_host(url->scheme, rest) : NULL;
    fault = parser ? parse(parser, url, with ? with : text, socket) : "out of memory";
    free(with);
    curl_url_cleanup(parser);
    return fault;
}

void broker_url_fini(struct broker_url *url)
{
    free(url->user);
    free(url->password);
    free(url->host);
    free(url->path);
    free(url->query);
    *url = (struct broker_url){0};
}
