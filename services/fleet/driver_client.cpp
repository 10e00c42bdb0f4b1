#include "fleet/driver_client.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/http/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services::fleet {
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

struct JobResultContent {
    std::string content;
};
BOOST_DESCRIBE_STRUCT(JobResultContent, (), (content))

struct JobStatusAnswer {
    std::string status;
    std::optional<JobResultContent> result;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(JobStatusAnswer, (), (status, result, error))

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

template <class T>
Result<T> read_as(Result<std::string> body) {
    if (!body) return fail(std::move(body).error());
    return json::read<T>(*body);
}

}  // namespace

Result<std::string> DriverClient::call(const Instance& instance, std::string method,
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

Result<bot::DriverCommandAnswer> DriverClient::command(const Instance& bot,
                                                       const bot::DriverCommand& command) {
    return read_as<bot::DriverCommandAnswer>(
        call(bot, "POST", "/driver/command", json::write(command)));
}

Result<bot::DriverMessageAnswer> DriverClient::message(const Instance& bot,
                                                       const bot::DriverMessage& message) {
    return read_as<bot::DriverMessageAnswer>(
        call(bot, "POST", "/driver/message", json::write(message)));
}

Result<Inventory> DriverClient::inventory(const Instance& instance) {
    const auto body = call(instance, "GET", "/audit");
    if (!body) return fail(body.error());
    return parse_inventory(*body);
}

Result<std::size_t> DriverClient::models(const Instance& gateway) {
    const auto answer = read_as<ModelsAnswer>(call(gateway, "GET", "/models/text"));
    if (!answer) return fail(answer.error());
    return answer->count;
}

Result<std::string> DriverClient::generate(const Instance& gateway, const std::string& personality,
                                           const std::string& user, const std::string& message) {
    const GenerateBody body{.personality = {personality}, .message = message, .context = {user}};
    auto answer = read_as<JobAnswer>(call(gateway, "POST", "/ai/generate", json::write(body)));
    if (!answer) return fail(std::move(answer).error());
    return std::move(answer->job_id);
}

Result<DriverClient::Generated> DriverClient::generate_and_wait(const Instance& gateway,
                                                                const std::string& body) {
    auto job = read_as<JobAnswer>(call(gateway, "POST", "/ai/generate", body));
    if (!job) return fail(std::move(job).error());
    const TimePoint end = Boottime::now() + deadline;
    while (Boottime::now() < end) {
        auto answer = read_as<JobStatusAnswer>(call(gateway, "GET", "/ai/job/" + job->job_id));
        if (!answer) return fail(std::move(answer).error());
        if (answer->status == "completed" && answer->result) {
            return Generated{.job_id = job->job_id, .content = std::move(answer->result->content)};
        }
        if (answer->status == "failed") {
            return fail(Errc::refused, "generate", answer->error.value_or("the job has failed"));
        }
        std::this_thread::sleep_for(20ms);
    }
    return fail(Errc::timeout, "generate", "the job has not ended");
}

Result<std::string> DriverClient::transcribe(const Instance& gateway, const std::string& url) {
    const std::string body = R"({"attachments":[{"url":")" + url +
                             R"(","contentType":"audio/ogg","name":"note.ogg",)"
                             R"("isVoiceMessage":true}]})";
    auto answer = read_as<JobStatusAnswer>(call(gateway, "POST", "/ai/transcribe?wait=true", body));
    if (!answer) return fail(std::move(answer).error());
    return answer->result ? std::move(answer->result->content) : std::string();
}

Result<stand_in::Calls> DriverClient::all_provider_calls(const Instance& provider) {
    return read_as<stand_in::Calls>(call(provider, "GET", "/calls"));
}

Result<std::uint64_t> DriverClient::provider_calls(const Instance& provider) {
    const auto answer = read_as<ProviderCalls>(call(provider, "GET", "/calls"));
    if (!answer) return fail(answer.error());
    return answer->models;
}

Result<TimePoint> DriverClient::applied_at(const Instance& bot) {
    const auto body = call(bot, "GET", "/metrics");
    if (!body) return fail(body.error());
    const auto seconds = find_sample(*body, applied_sample);
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
