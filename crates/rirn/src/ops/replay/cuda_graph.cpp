// SPDX-License-Identifier: MIT OR Apache-2.0
//
// LibTorch's CUDA graphs for replay.rs. The library links LibTorch's CPU part only, so that one
// binary serves a LibTorch with and without CUDA; what the CUDA part has of graphs and streams is
// looked up by its name here, once that part is loaded. C++, because it reports by exceptions, which
// Rust may not catch, and without LibTorch's headers, which would want CUDA's own.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <exception>
#include <map>
#include <utility>

namespace {

// Laid out as c10::Stream, which c10::cuda::CUDAStream wraps: kind and number of the device, then
// the stream's own number. Both are passed in two registers.
struct Stream {
  std::int8_t kind;
  std::int8_t device;
  std::int64_t id;
};

// As at::cuda::MempoolId_t; of zeros, a graph gets a pool of its own.
using Pool = std::pair<unsigned long long, unsigned long long>;

// As cudaStreamCaptureMode: only this thread must leave alone what cannot be recorded.
enum Mode : int { thread_local_mode = 1 };

// Room for an at::cuda::CUDAGraph, some 200 bytes in LibTorch 2.11.
constexpr std::size_t room = 4096;

struct Calls {
  void (*create)(void *, bool);
  void (*destroy)(void *);
  void (*begin)(void *, Pool, Mode);
  void (*end)(void *);
  void (*replay)(void *);
  Pool (*pool)(void *);
  Stream (*from_pool)(bool, std::int8_t);
  Stream (*current)(std::int8_t);
  void (*use)(Stream);
};

template <typename Call> bool find(Call &call, const char *name) {
  void *found = dlsym(RTLD_DEFAULT, name);
  std::memcpy(&call, &found, sizeof call);
  return found != nullptr;
}

const Calls *calls() {
  static Calls all;
  static const bool complete =
      find(all.create, "_ZN2at4cuda9CUDAGraphC1Eb") &&
      find(all.destroy, "_ZN2at4cuda9CUDAGraphD1Ev") &&
      find(all.begin, "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode") &&
      find(all.end, "_ZN2at4cuda9CUDAGraph11capture_endEv") &&
      find(all.replay, "_ZN2at4cuda9CUDAGraph6replayEv") &&
      find(all.pool, "_ZN2at4cuda9CUDAGraph4poolEv") &&
      find(all.from_pool, "_ZN3c104cuda17getStreamFromPoolEba") &&
      find(all.current, "_ZN3c104cuda20getCurrentCUDAStreamEa") &&
      find(all.use, "_ZN3c104cuda20setCurrentCUDAStreamENS0_10CUDAStreamE");
  return complete ? &all : nullptr;
}

// Runs a call; what it throws is written to `why` as a C string, and the answer is false.
template <typename Call> bool caught(char *why, std::size_t size, Call call) {
  const char *text = "an unknown exception";
  try {
    call();
    return true;
  } catch (const std::exception &error) {
    text = error.what();
    std::strncpy(why, text, size - 1);
  } catch (...) {
    std::strncpy(why, text, size - 1);
  }
  why[size - 1] = '\0';
  return false;
}

} // namespace

extern "C" {

// Whether the CUDA part is loaded and has all of it.
bool rirn_graphs_are_there() { return calls() != nullptr; }

// Makes a stream other than the device's first the one of this thread, the same each time, since LibTorch
// keeps freed memory for the stream that had it; `before` gets the stream of now.
bool rirn_stream_enter(std::int8_t device, Stream *before, char *why, std::size_t size) {
  thread_local std::map<std::int8_t, Stream> own;
  return caught(why, size, [&] {
    auto found = own.find(device);
    if (found == own.end()) {
      found = own.emplace(device, calls()->from_pool(false, device)).first;
    }
    *before = calls()->current(device);
    calls()->use(found->second);
  });
}

// Goes back to that stream.
bool rirn_stream_leave(const Stream *before, char *why, std::size_t size) {
  return caught(why, size, [&] { calls()->use(*before); });
}

// Begins to record what this thread asks of its stream; null if that cannot be. Memory comes from a pool
// of the graph's own, or from that of another graph.
void *rirn_graph_begin(void *other, char *why, std::size_t size) {
  void *graph = std::aligned_alloc(64, room);
  if (graph == nullptr) {
    std::strncpy(why, "no memory", size);
    return nullptr;
  }
  bool created = false;
  const bool begun = caught(why, size, [&] {
    calls()->create(graph, false);
    created = true;
    const Pool pool = other == nullptr ? Pool{0, 0} : calls()->pool(other);
    calls()->begin(graph, pool, thread_local_mode);
  });
  if (begun) {
    return graph;
  }
  char ignored[64];
  if (created) {
    caught(ignored, sizeof ignored, [&] { calls()->destroy(graph); });
  }
  std::free(graph);
  return nullptr;
}

// Ends the recording.
bool rirn_graph_end(void *graph, char *why, std::size_t size) {
  return caught(why, size, [&] { calls()->end(graph); });
}

// Does what was recorded, on this thread's stream.
bool rirn_graph_replay(void *graph, char *why, std::size_t size) {
  return caught(why, size, [&] { calls()->replay(graph); });
}

void rirn_graph_free(void *graph) {
  char ignored[64];
  caught(ignored, sizeof ignored, [&] { calls()->destroy(graph); });
  std::free(graph);
}

}
