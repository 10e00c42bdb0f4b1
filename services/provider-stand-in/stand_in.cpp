// A delayed answer waits on a condition, so that the end of the object wakes it. Many workers: a
// delay holds one for its length.
#include "provider-stand-in/stand_in.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "common/domain/model_catalogue.hpp"
#include "common/http/errors.hpp"
#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/net/rough_relay.hpp"
#include "provider-stand-in/catalogue.hpp"
#include "provider-stand-in/played_models.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/json.hpp"

namespace tutti::services::stand_in {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t workers = 64;
constexpr std::size_t body_bytes_max = 64U << 20U;

}  // namespace

struct ProviderStandIn::Impl {
    using Answer = std::function<http::Response()>;

    http::Response models() {
        detail::Lock lock(mutex);
        ++calls.models;
        const Behaviour now = behaviour;
        wait(lock, now.delay);
        lock.unlock();
        if (now.status != 200) {
            return http::json_response(now.status, R"({"error":{"message":"as told"}})");
        }
        return http::json_response(200,
                                   domain::write_catalogue_answer(stand_in_catalogue(now.models)));
    }
    // Counts, and answers as that endpoint does now. `asked` has its kind when it is for the
    // journal.
    http::Response play(std::uint64_t Calls::* count, EndpointBehaviour Behaviour::* endpoint,
                        AskedOfModel asked, const Answer& well) {
        detail::Lock lock(mutex);
        ++(calls.*count);
        const EndpointBehaviour now = behaviour.*endpoint;
        if (journal.is_open() && !asked.kind.empty()) {
            asked.answer = to_string(now.manner);
            // In one piece: a process that is killed leaves no half line.
            journal << json::write(asked) + '\n' << std::flush;
        }
        if (now.manner != Manner::pieces) wait(lock, now.delay);
        if (now.manner == Manner::stall) wait(lock, 24h);
        lock.unlock();
        const bool goes_well = now.manner == Manner::well || now.manner == Manner::stall ||
                               now.manner == Manner::cut || now.manner == Manner::pieces;
        http::Response response = goes_well ? well() : played_failure(now.manner);
        if (now.manner == Manner::cut) response.headers.set(net::rough_field, "cut");
        if (now.manner == Manner::pieces) {
            response.headers.set(net::rough_field, "pieces " + std::to_string(now.delay.count()));
        }
        return response;
    }
    http::Response complete(const http::Request& request) {
        const auto question = read_chat_question(request.body);
        if (!question) {
            return http::error_response(http::ErrorCode::validation_error, question.error().cause);
        }
        if (question->has_picture) {
            const std::string said = played_description(*question);
            return play(&Calls::vision, &Behaviour::vision, {.kind = "vision", .about = said},
                        [&] { return completion(said, "stop"); });
        }
        return play(&Calls::chat, &Behaviour::chat, {.kind = "chat", .about = question->text},
                    [&] { return completion(played_reply(*question), "stop"); });
    }
    http::Response transcribe(const http::Request& request) {
        const std::string said = played_transcript(request.body);
        return play(&Calls::transcription, &Behaviour::transcription,
                    {.kind = "transcription", .about = said}, [&] { return transcript(said); });
    }
    http::Response attachment(const http::Request& request) {
        return play(&Calls::attachments, &Behaviour::attachments, {}, [&] {
            return http::text_response(200, "the attachment " + request.parameter("name"),
                                       "application/octet-stream");
        });
    }
    http::Response count() {
        const detail::Lock lock(mutex);
        return http::json_response(200, json::write(calls));
    }
    http::Response set(const http::Request& request) {
        const auto wanted = read_behaviour(request.body);
        if (!wanted) {
            return http::error_response(http::ErrorCode::validation_error, wanted.error().cause);
        }
        (void)behave(*wanted);
        return http::Response{.status = 204};
    }
    Result<void> open_journal(const std::filesystem::path& path) {
        if (path.empty()) return {};
        const detail::Lock lock(mutex);
        journal.open(path, std::ios::app);
        if (journal.is_open()) return {};
        return fail(Errc::invalid_option, "start the provider",
                    "--journal: " + path.string() + " cannot be written");
    }
    Result<void> behave(const Behaviour& wanted) {
        if (auto good = check(wanted); !good) return good;
        {
            const detail::Lock lock(mutex);
            behaviour = wanted;
            ++changes;
        }
        ended.notify_all();
        return {};
    }
    // Until the behaviour changes, at most.
    void wait(detail::Lock& lock, std::chrono::milliseconds delay) TUTTI_REQUIRES(mutex) {
        const auto changed = [this, before = changes]()
                                 TUTTI_REQUIRES(mutex) { return stopping || changes != before; };
        ended.wait_for(lock.waiting(), delay, changed);
    }
    void stop() {
        {
            const detail::Lock lock(mutex);
            stopping = true;
        }
        ended.notify_all();
        if (relay) relay->stop();
        if (server) server->stop();
    }
    http::Router routes() {
        http::Router router;
        const auto add = [&](const char* method, const char* pattern,
                             http::Response (Impl::*handler)(const http::Request&)) {
            router.add(method, pattern,
                       [this, handler](const http::Request& r) { return (this->*handler)(r); });
        };
        router.add("GET", "/api/v1/models", [this](const http::Request&) { return models(); })
            .add("GET", "/calls", [this](const http::Request&) { return count(); });
        add("POST", "/api/v1/chat/completions", &Impl::complete);
        add("POST", "/api/v1/audio/transcriptions", &Impl::transcribe);
        add("GET", "/attachments/:channel/:id/:name", &Impl::attachment);
        add("PUT", "/behaviour", &Impl::set);
        return router;
    }

    mutable detail::Mutex mutex;
    std::condition_variable ended;
    Behaviour behaviour TUTTI_GUARDED_BY(mutex);
    Calls calls TUTTI_GUARDED_BY(mutex);
    std::uint64_t changes TUTTI_GUARDED_BY(mutex) = 0;  // of the behaviour
    std::ofstream journal TUTTI_GUARDED_BY(mutex);
    bool stopping TUTTI_GUARDED_BY(mutex) = false;
    std::unique_ptr<http::Server> server;
    std::unique_ptr<net::RoughRelay> relay;
};

Result<std::unique_ptr<ProviderStandIn>> ProviderStandIn::start(const Options& options) {
    auto impl = std::make_unique<Impl>();
    if (auto good = impl->behave(options.behaviour); !good) return fail(std::move(good).error());
    if (auto open = impl->open_journal(options.journal); !open) {
        return fail(std::move(open).error());
    }
    auto server = http::Server::start({.limits = {.body_bytes_max = body_bytes_max,
                                                  .internal = {.workers = workers},
                                                  .receiving_bytes_max = 4 * body_bytes_max}},
                                      impl->routes());
    if (!server) return fail(std::move(server).error());
    impl->server = *std::move(server);
    auto relay = net::RoughRelay::start(options.port, impl->server->port());
    if (!relay) return fail(std::move(relay).error());
    impl->relay = *std::move(relay);
    return std::unique_ptr<ProviderStandIn>(new ProviderStandIn(std::move(impl)));
}

ProviderStandIn::ProviderStandIn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProviderStandIn::~ProviderStandIn() { impl_->stop(); }

std::uint16_t ProviderStandIn::port() const noexcept { return impl_->relay->port(); }

std::string ProviderStandIn::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

std::uint64_t ProviderStandIn::calls() const { return all_calls().models; }

Calls ProviderStandIn::all_calls() const {
    const detail::Lock lock(impl_->mutex);
    return impl_->calls;
}

Result<void> ProviderStandIn::behave(const Behaviour& behaviour) {
    return impl_->behave(behaviour);
}

}  // namespace tutti::services::stand_in
