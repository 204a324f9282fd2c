#include "edge/socketio/rooms.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct room {
    UT_hash_handle hh;
    struct list members; // of struct membership, by in_room
    size_t size;
    unsigned visits; // running rooms_visit() calls; the room is not freed before they return
    struct token_bucket taken;
    size_t name_len;
    char name[];
};

struct membership {
    struct list in_room;
    struct room_member *member; // beside in_room, with which a delivery reads it
    struct list in_member;
    struct room *room;
    char note[]; // the caller's bytes
};

struct rooms {
    struct room *by_name;
    unsigned max_rooms_per_member;
    size_t note_bytes;
    room_size_fn on_size; // NULL: nobody watches
    void *on_size_arg;
};

static struct room *find_room(const struct rooms *rooms, struct span name)
{
    const char *key = name.len > 0 ? name.ptr : ""; // the ptr of an empty span may be NULL
    struct room *room;

    HASH_FIND(hh, rooms->by_name, key, name.len, room);
    return room;
}

static struct room *add_room(struct rooms *rooms, struct span name)
{
    struct room *room = mem_zalloc(sizeof(*room) + name.len);

    list_init(&room->members);
    room->name_len = name.len;
    if (name.len > 0)
        memcpy(room->name, name.ptr, name.len);
    HASH_ADD_KEYPTR(hh, rooms->by_name, room->name, room->name_len, room);
    return room;
}

static void remove_room_if_unused(struct rooms *rooms, struct room *room)
{
    if (!list_empty(&room->members) || room->visits > 0)
        return;
    HASH_DEL(rooms->by_name, room);
    free(room);
}

// Walks the member's rooms, of which there are few, and not the room's members.
static struct membership *find_membership(const struct room_member *member, const struct room *room)
{
    list_for_each (node, &member->memberships) {
        struct membership *membership = list_entry(node, struct membership, in_member);
        if (membership->room == room)
            return membership;
    }
    return NULL;
}

static void tell_size(const struct rooms *rooms, const struct room *room)
{
    if (rooms->on_size)
        rooms->on_size((struct span){room->name, room->name_len}, room->size, rooms->on_size_arg);
}

static void add_membership(const struct rooms *rooms, struct room *room, struct room_member *member)
{
    struct membership *membership = mem_zalloc(sizeof(*membership) + rooms->note_bytes);

    membership->room = room;
    membership->member = member;
    list_append(&room->members, &membership->in_room);
    room->size++;
    list_append(&member->memberships, &membership->in_member);
    member->room_count++;
    tell_size(rooms, room);
}

static void remove_membership(struct rooms *rooms, struct membership *membership)
{
    struct room *room = membership->room;

    list_unlink(&membership->in_room);
    room->size--;
    list_unlink(&membership->in_member);
    membership->member->room_count--;
    free(membership);
    tell_size(rooms, room);
    remove_room_if_unused(rooms, room);
}

struct rooms *rooms_new(unsigned max_rooms_per_member, size_t note_bytes)
{
    struct rooms *rooms = mem_zalloc(sizeof(*rooms));

    rooms->max_rooms_per_member = max_rooms_per_member;
    rooms->note_bytes = note_bytes;
    return rooms;
}

void rooms_free(struct rooms *rooms)
{
    if (!rooms)
        return;
    assert(!rooms->by_name);
    free(rooms);
}

void rooms_watch(struct rooms *rooms, room_size_fn on_size, void *arg)
{
    rooms->on_size = on_size;
    rooms->on_size_arg = arg;
}

void room_member_init(struct room_member *member)
{
    list_init(&member->memberships);
    member->room_count = 0;
}

enum rooms_join rooms_join(struct rooms *rooms, struct room_member *member, struct span name)
{
    struct room *room = find_room(rooms, name);

    if (room && find_membership(member, room))
        return ROOMS_ALREADY_IN;
    if (member->room_count >= rooms->max_rooms_per_member)
        return ROOMS_LIMIT;
    add_membership(rooms, room ? room : add_room(rooms, name), member);
    return ROOMS_JOINED;
}

bool rooms_leave(struct rooms *rooms, struct room_member *member, struct span name)
{
    struct room *room = find_room(rooms, name);
    struct membership *membership = room ? find_membership(member, room) : NULL;

    if (membership)
        remove_membership(rooms, membership);
    return membership != NULL;
}

void rooms_leave_all(struct rooms *rooms, struct room_member *member)
{
    list_for_each (node, &member->memberships)
        remove_membership(rooms, list_entry(node, struct membership, in_member));
}

bool rooms_is_in(const struct rooms *rooms, const struct room_member *member, struct span name)
{
    const struct room *room = find_room(rooms, name);

    return room && find_membership(member, room);
}

void *rooms_note(const struct rooms *rooms, const struct room_member *member, struct span name)
{
    const struct room *room = find_room(rooms, name);
    struct membership *membership = room ? find_membership(member, room) : NULL;

    return membership ? membership->note : NULL;
}

struct room *rooms_find(const struct rooms *rooms, struct span name)
{
    return find_room(rooms, name);
}

size_t rooms_size(const struct rooms *rooms, struct span name)
{
    const struct room *room = find_room(rooms, name);

    return room ? room->size : 0;
}

bool rooms_take_deliveries(struct rooms *rooms, struct span name, const struct token_rate *rate,
                           uint64_t now_ms)
{
    struct room *room = find_room(rooms, name);

    return !room || token_bucket_take(&room->taken, rate,
                                      room->size < rate->burst ? room->size : rate->burst, now_ms);
}

// `visits` keeps the room while the visitors take its last members out.
void rooms_visit(struct rooms *rooms, struct room *room, room_member_fn visit, void *arg)
{
    room->visits++;
    list_for_each (node, &room->members)
        visit(list_entry(node, struct membership, in_room)->member, arg);
    room->visits--;
    remove_room_if_unused(rooms, room);
}

void rooms_each_member(struct rooms *rooms, struct span name, room_member_fn visit, void *arg)
{
    struct room *room = find_room(rooms, name);

    if (room)
        rooms_visit(rooms, room, visit, arg);
}

void rooms_each_of(const struct room_member *member, room_name_fn visit, void *arg)
{
    list_for_each (node, &member->memberships) {
        const struct room *room = list_entry(node, struct membership, in_member)->room;
        visit((struct span){room->name, room->name_len}, arg);
    }
}

void rooms_each(const struct rooms *rooms, size_t max, room_name_fn visit, void *arg)
{
    for (const struct room *room = rooms->by_name; room && max > 0; room = room->hh.next, max--)
        visit((struct span){room->name, room->name_len}, arg);
}

size_t rooms_count(const struct rooms *rooms)
{
    return HASH_COUNT(rooms->by_name);
}
