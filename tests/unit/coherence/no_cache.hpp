// A cache of a channel, of which a test looks at nothing.
#pragma once

#include <string_view>

#include "base/cache_sink.hpp"
#include "tutti/bus.hpp"

namespace tutti::testing {

class NoCache final : public CacheSink {
public:
    void remove(std::string_view) override {}
    void flush() override {}
    void remove_tagged(std::string_view) override {}
    void publication_begins(const KeySet&) override {}
    void publication_ended(const KeySet&) override {}
};

}  // namespace tutti::testing
