// Writes again what the store of presence may lack: after it was restarted or replaced, after this
// edge was taken for dead, and after an earlier life of an edge with the same id. The handlers of
// presence_store.h for these; `arg` is the struct presence. Private to this folder.
#pragma once

#include "edge/gateway/presence/presence_store.h"

void presence_repair_on_up(bool may_lack, void *arg);
void presence_repair_on_beat(enum presence_beat beat, void *arg);
void presence_repair_on_listed(bool is_user, struct span name, void *arg);
