#include "fleet/fleet_client.hpp"

#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/http/errors.hpp"
#include "fleet/cast.hpp"
#include "tutti/json.hpp"

namespace tutti::services::fleet {

BOOST_DESCRIBE_STRUCT(UserMessage::File, (), (url, filename, content_type))
BOOST_DESCRIBE_STRUCT(UserMessage, (), (channel_id, content, attachments, voice, reply_to))
BOOST_DESCRIBE_STRUCT(Said, (), (id, content, made_ms))

namespace {

using namespace std::chrono_literals;

constexpr Duration deadline = 70s;  // a model may take its time to reply
constexpr std::string_view applied_sample =
    "tutti_channel_applied_timestamp_seconds{channel=\"cache:channel-activation-invalidation\"}";

struct ModelsAnswer {
    std::size_t count = 0;
};
BOOST_DESCRIBE_STRUCT(ModelsAnswer, (), (count))

struct JobAnswer {
    std::string job_id;
};
BOOST_DESCRIBE_STRUCT(JobAnswer, (), (job_id))

struct ProviderCalls {
    std::uint64_t models = 0;
};
BOOST_DESCRIBE_STRUCT(ProviderCalls, (), (models))

struct GenerateContext {
    std::string user_id;
};
BOOST_DESCRIBE_STRUCT(GenerateContext, (), (user_id))

struct GeneratePersonality {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(GeneratePersonality, (), (name))

struct GenerateBody {
    GeneratePersonality personality;
    std::string message;
    GenerateContext context;
};
BOOST_DESCRIBE_STRUCT(GenerateBody, (), (personality, message, context))

struct NewChannel {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(NewChannel, (), (id))

struct MadeAnswer {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(MadeAnswer, (), (id))

// As Discord sends it: a command, its subcommand, and the option of that.
struct TextOption {
    int type = 3;
    std::string name;
    std::string value;
};
struct Subcommand {
    int type = 1;
    std::string name;
    std::vector<TextOption> options{};
};
struct CommandData {
    std::string name;
    std::vector<Subcommand> options;
};
struct Deed {
    std::string channel_id;
    std::string permissions = "8192";  // MANAGE_MESSAGES
    CommandData data;
};
BOOST_DESCRIBE_STRUCT(TextOption, (), (type, name, value))
BOOST_DESCRIBE_STRUCT(Subcommand, (), (type, name, options))
BOOST_DESCRIBE_STRUCT(CommandData, (), (name, options))
BOOST_DESCRIBE_STRUCT(Deed, (), (channel_id, permissions, data))

struct InteractionAnswer {
    std::optional<Said> original;
};
BOOST_DESCRIBE_STRUCT(InteractionAnswer, (), (original))

Deed interaction_of(const std::string& command, const std::string& channel_id) {
    const std::size_t space = command.find(' ');
    Subcommand sub{.name = command.substr(space + 1)};
    if (sub.name == "activate") sub.options.push_back({.name = "personality", .value = slug});
    return {.channel_id = channel_id,
            .data = {.name = command.substr(0, space), .options = {std::move(sub)}}};
}

template <class T>
Result<T> read_as(Result<std::string> body) {
    if (!body) return fail(std::move(body).error());
    return json::read<T>(*body);
}

}  // namespace

Result<std::string> FleetClient::call(const Instance& instance, std::string method,
                                      std::string path, std::string body) {
    const http::Request request{
        .method = std::move(method),
        .path = std::move(path),
        .headers = {{"X-Service-Auth", secret_.reveal()}, {"Content-Type", "application/json"}},
        .body = std::move(body)};
    auto response = http_.send(instance.url, request, Boottime::now() + deadline);
    if (!response) return fail(std::move(response).error());
    if (response->ok()) return std::move(response->body);
    return fail(Errc::refused, instance.name + ' ' + request.path, http::error_text(*response));
}

Result<void> FleetClient::open_channel(const Instance& discord, const std::string& channel_id) {
    auto opened = call(discord, "POST", "/channels", json::write(NewChannel{.id = channel_id}));
    if (!opened) return fail(std::move(opened).error());
    return {};
}

Result<std::string> FleetClient::say(const Instance& discord, const UserMessage& message) {
    auto made = read_as<MadeAnswer>(call(discord, "POST", "/messages", json::write(message)));
    if (!made) return fail(std::move(made).error());
    return std::move(made->id);
}

Result<std::string> FleetClient::command(const Instance& discord, const std::string& command,
                                         const std::string& channel_id) {
    const std::string body = json::write(interaction_of(command, channel_id));
    auto made = read_as<MadeAnswer>(call(discord, "POST", "/interactions", body));
    // The bot tells its commands when its first session has begun.
    for (int i = 0; i < 500 && !made && made.error().code == Errc::refused; ++i) {
        std::this_thread::sleep_for(10ms);
        made = read_as<MadeAnswer>(call(discord, "POST", "/interactions", body));
    }
    if (!made) return fail(std::move(made).error());
    auto ended = read_as<InteractionAnswer>(
        call(discord, "GET", "/interactions/" + made->id + "?until=filled&waitMs=10000"));
    if (!ended) return fail(std::move(ended).error());
    if (!ended->original) return fail(Errc::timeout, command, "the bot has not answered");
    return std::move(ended->original->content);
}

Result<std::vector<Said>> FleetClient::said(const Instance& discord, const std::string& channel_id,
                                            const std::string& after, std::size_t at_least,
                                            std::chrono::milliseconds longest) {
    return read_as<std::vector<Said>>(call(discord, "GET",
                                           "/messages?channelId=" + channel_id + "&after=" + after +
                                               "&atLeast=" + std::to_string(at_least) +
                                               "&waitMs=" + std::to_string(longest.count())));
}

Result<CacheCounters> FleetClient::cache(const Instance& instance, const std::string& name) {
    const auto rows = inventory(instance);
    if (!rows) return fail(rows.error());
    for (const InventoryRow& row : *rows) {
        if (row.declaration.name == name) return row.counters;
    }
    return fail(Errc::protocol, instance.name, "it has no cache " + name);
}

Result<Inventory> FleetClient::inventory(const Instance& instance) {
    const auto body = call(instance, "GET", "/audit");
    if (!body) return fail(body.error());
    return parse_inventory(*body);
}

Result<std::size_t> FleetClient::models(const Instance& gateway) {
    const auto answer = read_as<ModelsAnswer>(call(gateway, "GET", "/models/text"));
    if (!answer) return fail(answer.error());
    return answer->count;
}

Result<std::string> FleetClient::generate(const Instance& gateway, const std::string& personality,
                                          const std::string& user, const std::string& message) {
    const GenerateBody body{.personality = {personality}, .message = message, .context = {user}};
    auto answer = read_as<JobAnswer>(call(gateway, "POST", "/ai/generate", json::write(body)));
    if (!answer) return fail(std::move(answer).error());
    return std::move(answer->job_id);
}

Result<void> FleetClient::behave(const Instance& provider, const std::string& behaviour) {
    auto done = call(provider, "PUT", "/behaviour", behaviour);
    if (!done) return fail(std::move(done).error());
    return {};
}

Result<stand_in::Calls> FleetClient::all_provider_calls(const Instance& provider) {
    return read_as<stand_in::Calls>(call(provider, "GET", "/calls"));
}

Result<std::uint64_t> FleetClient::provider_calls(const Instance& provider) {
    const auto answer = read_as<ProviderCalls>(call(provider, "GET", "/calls"));
    if (!answer) return fail(answer.error());
    return answer->models;
}

Result<double> FleetClient::sample(const Instance& instance, std::string_view name) {
    const auto body = call(instance, "GET", "/metrics");
    if (!body) return fail(body.error());
    return find_sample(*body, name);
}

Result<TimePoint> FleetClient::applied_at(const Instance& bot) {
    const auto seconds = sample(bot, applied_sample);
    if (!seconds) return fail(seconds.error());
    return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds)));
}

Result<double> find_sample(std::string_view metrics, std::string_view sample) {
    const std::string wanted = '\n' + std::string(sample) + ' ';
    const std::size_t found = metrics.find(wanted);
    const std::string_view rest =
        found == std::string_view::npos ? "" : metrics.substr(found + wanted.size());
    double value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{})
        return fail(Errc::protocol, "read metrics", "no " + std::string(sample));
    return value;
}

}  // namespace tutti::services::fleet
