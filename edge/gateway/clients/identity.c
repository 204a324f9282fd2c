#include "edge/gateway/clients/identity.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/token_rooms.h"

// The texts are stored behind the struct, in the same allocation.
struct identity *identity_new(const struct identity *from)
{
    size_t texts = from->user.len + from->user_json.len + from->email.len + from->role.len +
                   from->rooms_json.len + from->token.len + from->enters.len;
    struct identity *identity = mem_alloc(sizeof(*identity) + texts);
    char *at = (char *)(identity + 1);

    identity->user = span_store(&at, from->user);
    identity->user_json = span_store(&at, from->user_json);
    identity->email = span_store(&at, from->email);
    identity->role = span_store(&at, from->role);
    identity->rooms_json = span_store(&at, from->rooms_json);
    identity->token = span_store(&at, from->token);
    identity->enters = span_store(&at, from->enters);
    identity->life = from->life;
    identity->rooms_left_out = from->rooms_left_out;
    identity->generation = from->generation;
    identity->key = from->key;
    return identity;
}

struct identity *identity_new_anonymous(void)
{
    return identity_new(&(struct identity){
        .user_json = SPAN_LIT("null"),
        .life = {TOKEN_UNDATED, TOKEN_ENDLESS},
    });
}

bool identity_enters(const struct identity *identity, struct span room)
{
    return token_rooms_include(identity->enters, room);
}

void identity_free(struct identity *identity)
{
    free(identity);
}
