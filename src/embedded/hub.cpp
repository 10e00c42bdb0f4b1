#include <utility>

#include "embedded/server.hpp"
#include "tutti/embedded.hpp"

namespace tutti {

std::shared_ptr<EmbeddedHub> EmbeddedHub::create() { return create(Options{}); }

std::shared_ptr<EmbeddedHub> EmbeddedHub::create(Options options) {
    return std::shared_ptr<EmbeddedHub>(
        new EmbeddedHub(std::make_unique<embedded::Server>(options)));
}

EmbeddedHub::EmbeddedHub(std::unique_ptr<embedded::Server> server) : server_(std::move(server)) {}

EmbeddedHub::~EmbeddedHub() = default;

void EmbeddedHub::publish_plain(const std::string& channel, const std::string& payload) {
    if (!server_->left()) server_->publish_plain(channel, payload);
}

}  // namespace tutti
