#include "common/caches/invalidation_services.hpp"

namespace tutti::services::caches {

InvalidationService declare_invalidation(Node& node, const InvalidationEvents& events) {
    return InvalidationService(node.invalidator<std::string>({
        .name = std::string(events.name),
        .changes = std::string(events.what),
        .channel = std::string(events.channel),
        .plain = PlainEvent{.type = std::string(events.type), .key = std::string(events.key)},
    }));
}

}  // namespace tutti::services::caches
