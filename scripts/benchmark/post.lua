-- wrk posts bodies, each to its own path and in turn: arguments are path, file, path, file, and so on.
-- What it measured is printed as one line of JSON.

local requests = {}
local number = 0

function init(arguments)
   for i = 1, #arguments, 2 do
      local file = assert(io.open(arguments[i + 1], "rb"))
      requests[#requests + 1] = wrk.format("POST", arguments[i], nil, file:read("*a"))
      file:close()
   end
end

function request()
   number = number % #requests + 1
   return requests[number]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout
   ))
end
