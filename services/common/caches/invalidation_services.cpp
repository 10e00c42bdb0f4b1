#include "common/caches/invalidation_services.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>

#include "tutti/json.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t event_bytes_max = 1024;

}  // namespace

std::optional<PersonalityEvent> read_personality_event(std::string_view payload) {
    if (payload.size() > event_bytes_max) return std::nullopt;
    const auto parsed = json::parse(payload, json::any_length);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    const auto& event = parsed->get_object();
    const auto text = [&](std::string_view member) -> std::optional<std::string> {
        const auto* found = event.if_contains(boost::json::string_view(member));
        if (found == nullptr || !found->is_string()) return std::nullopt;
        return std::string(found->get_string().data(), found->get_string().size());
    };
    const auto type = text("type");
    if (type == "all" && event.size() == 1) return PersonalityEvent{};
    auto id = text(personality_events.key);
    if (type != personality_events.type || !id || event.size() != 2) return std::nullopt;
    return PersonalityEvent{.personality_id = std::move(id)};
}

// A cache that is never read: the channel's state and its lease are what the writer needs.
InvalidationService declare_invalidation(Node& node, const InvalidationEvents& events) {
    using Nothing = InvalidationService::Nothing;
    return InvalidationService(node.coherent(CacheOptions<std::string, Nothing>{
        .name = std::string(events.name),
        .caches = "nothing: tells others to forget " + std::string(events.what),
        .stale = Stale::wrong,
        .ttl = 10s,
        .bound = entries(1),
        .load = [](const std::string&, LoadContext&) { return Loaded<Nothing>(absent); },
        .channel = std::string(events.channel),
        .plain = PlainEvent{.type = std::string(events.type), .key = std::string(events.key)},
        .note = std::string(note_of_teller),
    }));
}

}  // namespace tutti::services::caches
