// A document that is loaded again before its time ends, and only if it has changed.
#include <cstdlib>
#include <iostream>
#include <string>

#include "tutti/node.hpp"
#include "tutti/testing/world.hpp"

using namespace std::chrono_literals;

namespace {

struct Document {
    std::string etag;
    std::string text;
};

struct Server {
    Document document{"v1", "once upon a time"};
    int whole = 0;         // answers with the document
    int not_modified = 0;  // and without
};

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

}  // namespace

int main() {
    Server server;
    tutti::testing::World world;  // a clock that this program moves
    const auto node = world.node({.name = "reader-1"}).value();
    const auto documents = node->coherent<std::string, Document>({
        .name = "documents",
        .caches = "documents by name",
        .stale = tutti::Stale::acceptable,
        .ttl = 1min,
        .bound = tutti::entries(100),
        .idle_ttl = 50s,
        .load = [&](const std::string&,
                    const tutti::LoadContext& context) -> tutti::Loaded<Document> {
            const auto former = context.former<Document>();
            if (former && former->value->etag == server.document.etag) {  // If-None-Match
                ++server.not_modified;
                return tutti::not_modified;
            }
            ++server.whole;
            return server.document;
        },
        .refresh = tutti::Refresh<std::string>{.on_hit_after = 0.8},
        .channel = "documents",
    });
    if (!node->start()) return 1;
    const auto text = [&] { return documents.get("tale")->value().text; };

    expect(text() == "once upon a time", "the first reader waits for the source");
    for (int i = 0; i < 10; ++i) {
        world.advance(48s);
        (void)text();  // has its value at once, and begins a load
        world.settle();
    }
    expect(server.whole == 1 && server.not_modified == 10, "and no other one, for eight minutes");

    server.document = {"v2", "there was a cache"};
    world.advance(48s);
    expect(text() == "once upon a time", "the hit that begins the load does not wait for it");
    world.settle();
    expect(text() == "there was a cache", "the next one has what it has brought");

    world.advance(55s);
    expect(!documents.contains("tale"), "what is not read is forgotten before its time ends");
    return 0;
}
