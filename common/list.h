// Circular intrusive list. A node knows its neighbours, so unlinking needs no head.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

struct list {
    struct list *prev, *next;
};

#define list_entry(node, type, member) container_of(node, type, member)

// Safe against unlinking `it` (and only `it`) inside the body.
#define list_for_each(it, head)                                                                    \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

static inline void list_init(struct list *head)
{
    head->prev = head->next = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_append(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

// Unlinking a node that is in no list is harmless.
static inline void list_unlink(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

// Moves all nodes of `from` to `to`, so that they can be walked while `from` fills again. `to` need
// not be initialised; nodes in it are forgotten.
static inline void list_move_all(struct list *from, struct list *to)
{
    if (list_empty(from)) {
        list_init(to);
        return;
    }
    *to = *from;
    to->prev->next = to;
    to->next->prev = to;
    list_init(from);
}
