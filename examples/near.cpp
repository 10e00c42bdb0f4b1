// A catalogue that another service keeps in the store, and a question about one entry of it.
#include "tutti/near.hpp"

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

namespace {

using Catalogue = std::vector<std::string>;  // models that can see

tutti::Codec<Catalogue> lines() {
    tutti::Codec<Catalogue> codec;
    codec.name = "lines";
    codec.decode = [](std::string_view text) -> tutti::Result<Catalogue> {
        Catalogue catalogue;
        std::istringstream stream{std::string(text)};
        for (std::string line; std::getline(stream, line);) catalogue.push_back(line);
        return catalogue;
    };
    return codec;
}

}  // namespace

int main() {
    const auto hub = tutti::EmbeddedHub::create();
    const auto gateway = tutti::Node::create({.name = "gateway", .embedded = hub}).value();
    const auto worker = tutti::Node::create({.name = "worker", .embedded = hub}).value();

    // The gateway owns the document; here it is a shared cache under a key that others can read.
    const auto catalogue = gateway->shared<std::string, std::string>({
        .name = "catalogue",
        .caches = "models",
        .stale = tutti::Stale::acceptable,
        .load = [](const std::string&, tutti::LoadContext&) { return "gpt-4o\nqwen-vl\n"; },
        .store =
            tutti::StoreTier<std::string>{
                .ttl = 24h, .codec = tutti::bytes_codec(), .raw_prefix = "openrouter:"},
    });
    // The worker reads it, parses it once, and asks it by id.
    const auto can_see = worker->near<std::string, bool, Catalogue>({
        .name = "model-capability",
        .caches = "vision flags",
        .stale = tutti::Stale::acceptable,
        .ttl = 5min,
        .bound = tutti::entries(500),
        .document = [](const std::string&) { return "openrouter:models"; },
        .codec = lines(),
        .project = [](const std::string& id, const Catalogue& models) -> tutti::Loaded<bool> {
            return std::find(models.begin(), models.end(), id) != models.end();
        },
        .otherwise = [](const std::string& id) -> tutti::Loaded<bool> {
            return id.find("vision") != std::string::npos;
        },
    });
    if (!gateway->start() || !worker->start()) return 1;

    const auto guess = can_see.get("gpt-4o");
    std::cout << "without a catalogue: " << *guess.value() << " (" << guess->degraded() << ")\n";

    if (!catalogue.get("models")) return 1;
    const auto known = can_see.get("gpt-4o");
    std::cout << "with it:             " << *known.value() << '\n';
    return !*guess.value() && *known.value() ? 0 : 1;
}
