#include "provider-stand-in/behaviour.hpp"

#include <optional>
#include <utility>

#include <boost/describe/class.hpp>
#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include "common/process/problem_list.hpp"
#include "tutti/json.hpp"

namespace tutti::services::stand_in {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t models_max = 10'000;
constexpr auto delay_max = 10min;

struct EndpointBody {
    std::optional<std::string> answer;
    std::optional<std::int64_t> delay_ms;
};
BOOST_DESCRIBE_STRUCT(EndpointBody, (), (answer, delay_ms))

struct BehaviourBody {
    std::optional<std::int64_t> delay_ms;
    std::optional<int> status;
    std::optional<bool> empty;
    std::optional<std::size_t> models;
    std::optional<EndpointBody> chat;
    std::optional<EndpointBody> vision;
    std::optional<EndpointBody> transcription;
    std::optional<EndpointBody> attachments;
};
BOOST_DESCRIBE_STRUCT(BehaviourBody, (),
                      (delay_ms, status, empty, models, chat, vision, transcription, attachments))

bool is_delay(std::chrono::milliseconds delay) { return delay >= 0ms && delay <= delay_max; }

Result<void> read_endpoint(const std::optional<EndpointBody>& body, EndpointBehaviour& to) {
    if (!body) return {};
    if (body->delay_ms) to.delay = std::chrono::milliseconds(*body->delay_ms);
    if (!body->answer) return {};
    const auto manner = read_manner(*body->answer);
    if (!manner) return fail(manner.error());
    to.manner = *manner;
    return {};
}

}  // namespace

Result<void> check(const Behaviour& behaviour) {
    process::ProblemList problems;
    if (!is_delay(behaviour.delay)) problems.add("delay must be from 0 to 600000 ms");
    if (behaviour.status < 200 || behaviour.status > 599)
        problems.add("status must be from 200 to 599");
    if (behaviour.models > models_max) problems.add("models must be at most 10000");
    for (const auto* endpoint :
         {&behaviour.chat, &behaviour.vision, &behaviour.transcription, &behaviour.attachments}) {
        if (!is_delay(endpoint->delay)) problems.add("an endpoint's delay must be as the delay");
    }
    if (!problems.empty()) return fail(Errc::invalid_option, "provider stand-in", problems.text());
    return {};
}

Result<Behaviour> read_behaviour(std::string_view text) {
    const auto body = json::read<BehaviourBody>(text);
    if (!body) return fail(body.error());
    Behaviour wanted;
    if (body->delay_ms) wanted.delay = std::chrono::milliseconds(*body->delay_ms);
    wanted.status = body->status.value_or(wanted.status);
    wanted.models = body->empty.value_or(false) ? 0 : body->models.value_or(wanted.models);
    for (const auto& [from, to] : {std::pair{&body->chat, &wanted.chat},
                                   {&body->vision, &wanted.vision},
                                   {&body->transcription, &wanted.transcription},
                                   {&body->attachments, &wanted.attachments}}) {
        if (auto good = read_endpoint(*from, *to); !good) return fail(std::move(good).error());
    }
    if (auto good = check(wanted); !good) return fail(std::move(good).error());
    return wanted;
}

Result<Manner> read_manner(std::string_view name) {
    Manner manner{};
    if (boost::describe::enum_from_string(std::string(name).c_str(), manner)) return manner;
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Manner>>(
        [&](auto one) { names.append(names.empty() ? "" : ", ").append(one.name); });
    return fail(Errc::invalid_option, "provider stand-in", "an answer is one of " + names);
}

std::string_view to_string(Manner manner) noexcept {
    return boost::describe::enum_to_string(manner, "unknown");
}

}  // namespace tutti::services::stand_in
