// The bytes of docs/asyncapi.yaml.
#pragma once

#include "common/span.h"

struct span asyncapi_document(void);
