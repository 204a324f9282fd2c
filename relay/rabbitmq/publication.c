#include "relay/rabbitmq/publication.h"

void publication_finish(struct publication *publication, enum publish_outcome outcome,
                        const char *reason)
{
    list_unlink(&publication->node);
    publication->on_outcome(publication, outcome, reason, true);
}
