// What one application's things are called in Redis. For the channel `cache:x` of the app `shop` in
// database 0:
//     tutti:{shop/0/cache:x}:m, :log, :acks    state, log and members
//     tutti:{shop/0/cache:x}:tags              when which tag was invalidated last
//     tutti:{shop/0/cache:x}                   where entries are pushed
//     tutti:{shop/0/cache:x}:acks              where acknowledgements are asked for and told
//     tutti:{shop/0}:wake                      where ended claims are pushed
//     tutti:claim:<key>, tutti:value:<key>     beside a value of the store: its claim, and its era
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::redis {

class Names {
public:
    Names(std::string_view app, std::uint32_t database)
        : app_(app),
          database_(database),
          root_("tutti:{" + app_ + "/" + std::to_string(database)) {}

    [[nodiscard]] const std::string& app() const noexcept { return app_; }
    [[nodiscard]] std::uint32_t database() const noexcept { return database_; }

    [[nodiscard]] std::string channel(std::string_view name) const {
        return root_ + "/" + std::string(name) + "}";
    }
    // Where acknowledgements are asked for and told; the key of that name has the members.
    [[nodiscard]] std::string acks(std::string_view name) const { return channel(name) + ":acks"; }
    [[nodiscard]] std::string wake() const { return root_ + "}:wake"; }
    // What every script that uses a channel begins its KEYS with.
    [[nodiscard]] std::vector<std::string> state_keys(std::string_view name) const {
        const std::string base = channel(name);
        return {base + ":m", base + ":log", base + ":acks"};
    }

private:
    std::string app_;
    std::uint32_t database_;
    std::string root_;
};

}  // namespace tutti::redis
