#include "redis/sentinels.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "redis/command.hpp"
#include "redis/handshake.hpp"

namespace tutti::redis {
namespace {

constexpr const char* sentinels_operation = "redis sentinel";
constexpr const char* switched = "+switch-master";
constexpr std::size_t host_bytes_max = 255;
constexpr Duration ask_again_first = std::chrono::milliseconds(50);
constexpr Duration ask_again_longest = std::chrono::seconds(3);

std::optional<Address> to_address(std::string_view host, std::string_view port) {
    Address address{.host = std::string(host)};
    const char* const end = port.data() + port.size();
    const auto [stopped, error] = std::from_chars(port.data(), end, address.port);
    const bool is_host = !host.empty() && host.size() <= host_bytes_max &&
                         std::ranges::all_of(host, [](char c) { return c > ' ' && c <= '~'; });
    if (!is_host || error != std::errc{} || stopped != end || address.port == 0) {
        return std::nullopt;
    }
    return address;
}

// The next word; what is left of the text goes on behind it.
std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

}  // namespace

Result<Address> to_primary(const Reply& reply, std::string_view group) {
    if (reply.is(Reply::Type::error)) return fail(to_error(sentinels_operation, reply));
    if (reply.is(Reply::Type::nil)) {
        return fail(Errc::unavailable, sentinels_operation,
                    "watches no '" + shown(group, host_bytes_max) +
                        "': is it the name in `sentinel monitor <name> ...`?");
    }
    if (reply.is(Reply::Type::array) && reply.items.size() == 2) {
        auto address = to_address(reply.items[0].text, reply.items[1].text);
        if (address) return *std::move(address);
    }
    return fail(unexpected_reply(sentinels_operation, reply));
}

std::optional<Address> switched_to(std::string_view message, std::string_view group) {
    if (next_word(message) != group) return std::nullopt;
    (void)next_word(message);  // the old one: address
    (void)next_word(message);  // and port
    const std::string_view host = next_word(message);
    return to_address(host, message);
}

Sentinels::Sentinels(Network network, Options options)
    : network_(std::move(network)),
      options_(std::move(options)),
      asked_(options_.random() % options_.url.sentinel->sentinels.size()),
      alarm_(network_),
      pauses_(ask_again_first, ask_again_longest) {}

void Sentinels::attach(Listener& listener) { listeners_.push_back(&listener); }

void Sentinels::detach(Listener& listener) {
    std::erase(listeners_, &listener);
    if (!listeners_.empty()) return;
    phase_ = Phase::idle;
    drop_link();
    waiting_.clear();
}

void Sentinels::find(Completion<Url> done) {
    waiting_.push_back(std::move(done));
    ask_all();
}

void Sentinels::doubt() {
    if (!listeners_.empty()) ask_all();
}

// Under way already: its answer is as good.
void Sentinels::ask_all() {
    if (phase_ == Phase::asking) return;
    phase_ = Phase::asking;
    left_ = group().sentinels.size();
    causes_.clear();
    ask_next();
}

void Sentinels::ask_next() {
    drop_link();
    if (left_ == 0) return give_up();
    --left_;
    asked_ = (asked_ + 1) % group().sentinels.size();
    replies_.clear();
    link_ = network_.make_link(
        {.url = options_.url.of_sentinel(asked()), .tls = options_.tls, .limits = {}},
        static_cast<Link::Owner&>(*this));
    alarm_.set(saturating_add(network_.clock->now(), options_.ask_timeout), weak_from_this(),
               &Sentinels::is_late);
    link_->connect();
}

const Address& Sentinels::asked() const { return group().sentinels[asked_]; }

void Sentinels::is_late() { failed(link_->timed_out(options_.ask_timeout).cause); }

void Sentinels::on_connected() {
    link_->write(Handshake(options_.url.of_sentinel(asked())).request());
    link_->write(encode({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group().name}));
    link_->write(encode({"SUBSCRIBE", switched}));
}

void Sentinels::on_reply(Reply reply) {
    heard_ = true;
    if (phase_ == Phase::listening) return on_push(reply);
    replies_.push_back(std::move(reply));
    const Handshake login(options_.url.of_sentinel(asked()));
    if (replies_.size() <= login.replies()) return;
    const auto let_in = login.judge_login(replies_);
    if (!let_in) return failed(asked().text() + ": " + let_in.error().cause);
    const auto primary = to_primary(replies_.back(), group().name);
    if (!primary) return failed(asked().text() + ": " + primary.error().cause);
    phase_ = Phase::listening;
    pauses_.reset();
    listen();
    named(*primary);
}

void Sentinels::on_push(const Reply& reply) {
    if (reply.is(Reply::Type::error)) return failed(reply.text);
    const std::vector<Reply>& items = reply.items;
    if (items.size() != 3 || items[0].text != "message") return;
    if (const auto primary = switched_to(items[2].text, group().name)) named(*primary);
}

// The first ping is sent, and answered behind the confirmation, when the listening begins.
void Sentinels::listen() {
    heard_ = false;
    link_->write(encode({"PING"}));
    alarm_.set(network_.clock->now() + options_.ping_every, weak_from_this(), &Sentinels::check);
}

void Sentinels::check() {
    if (!heard_) return failed(asked().text() + " does not answer a PING");
    listen();
}

void Sentinels::failed(const std::string& cause) {
    if (phase_ == Phase::asking) {
        causes_ += (causes_.empty() ? "" : "; ") + cause;
        return ask_next();
    }
    phase_ = Phase::idle;
    drop_link();
    ask_again_later();
}

void Sentinels::give_up() {
    phase_ = Phase::idle;
    ask_again_later();
    const auto self = shared_from_this();
    for (Completion<Url>& done : std::exchange(waiting_, {})) {
        done(fail(Errc::unavailable, sentinels_operation,
                  "no Sentinel says where the primary is: " + causes_));
    }
}

void Sentinels::ask_again_later() {
    alarm_.set(network_.clock->now() + pauses_.next(options_.random()), weak_from_this(),
               &Sentinels::ask_all);
}

// Each of them may let go of this, and of others.
void Sentinels::named(const Address& primary) {
    const auto self = shared_from_this();
    const Url url = options_.url.at(primary);
    auto waiting = std::exchange(waiting_, {});
    for (Listener* const listener : std::vector(listeners_)) {
        if (std::ranges::find(listeners_, listener) != listeners_.end()) listener->on_primary(url);
    }
    for (Completion<Url>& done : waiting) done(url);
}

void Sentinels::drop_link() {
    alarm_.cancel();
    if (const auto link = std::exchange(link_, nullptr)) link->close();
}

}  // namespace tutti::redis
