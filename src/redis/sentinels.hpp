// Where the primary is, as Sentinels say: `find` asks them in turn, each for a short time, and the
// one that answered is listened to for +switch-master. What it says is a hint that saves time: who
// connects there looks at the role of what it finds (Handshake), and asks again when it was wrong.
//
// Every question begins with the next one of the Sentinels, the first with any of them: one that
// knows nothing of a failover is asked only in its turn, and a fleet does not listen to one alone.
// Whoever is attached is told what every answer says, so the connections of a node move together.
//
// No sockets: see Network. Everything happens on the network's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "redis/link.hpp"
#include "redis/network.hpp"
#include "redis/random_source.hpp"
#include "tutti/redis_url.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

// What a Sentinel answers to `encode({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name})`. Errors:
// unavailable (it watches no such group), refused, protocol.
[[nodiscard]] Result<Address> to_primary(const Reply& reply, std::string_view group);
// What +switch-master says: "name 10.0.0.1 6379 10.0.0.2 6379". nullopt: it concerns another group,
// or nothing at all.
[[nodiscard]] std::optional<Address> switched_to(std::string_view message, std::string_view group);

class Sentinels final : public std::enable_shared_from_this<Sentinels>, private Link::Owner {
public:
    struct Options {
        Url url;  // with `sentinel`
        std::shared_ptr<const TlsContext> tls = nullptr;
        RandomSource random;
        Duration ask_timeout = std::chrono::milliseconds(500);  // of each
        Duration ping_every = std::chrono::seconds(2);          // the one that is listened to
    };

    class Listener {
    public:
        virtual void on_primary(const Url& url) = 0;

    protected:
        ~Listener() = default;
    };

    Sentinels(Network network, Options options);

    // From here on the Sentinels are listened to, until the last one is detached.
    void attach(Listener& listener);
    void detach(Listener& listener);

    // Asks. Not within the call. Errors: unavailable, with what each has said. Requires: attached;
    // dropped when that ends.
    void find(Completion<Url> done);
    // Another one may be the primary: asks, for whom is attached.
    void doubt();

private:
    enum class Phase : std::uint8_t { idle, asking, listening };

    void on_connected() override;
    void on_reply(Reply reply) override;
    void on_closed(const Error& error) override { failed(error.cause); }

    void ask_all();
    void ask_next();
    void is_late();
    void on_push(const Reply& reply);
    void listen();
    void failed(const std::string& cause);
    void give_up();
    void named(const Address& primary);
    void check();
    void ask_again_later();
    void drop_link();
    [[nodiscard]] const SentinelGroup& group() const { return *options_.url.sentinel; }
    [[nodiscard]] const Address& asked() const;

    const Network network_;
    const Options options_;
    std::vector<Listener*> listeners_;
    std::vector<Completion<Url>> waiting_;
    Phase phase_ = Phase::idle;
    std::shared_ptr<Link> link_;
    std::size_t asked_;           // which one
    std::size_t left_ = 0;        // that this question has not asked yet
    std::vector<Reply> replies_;  // to this question
    std::string causes_;          // why those that were asked did not answer
    bool heard_ = false;          // something since the last ping
    Alarm alarm_;  // of the question, of the next ping, or of the wait before the next question
    Backoff pauses_;
};

}  // namespace tutti::redis
