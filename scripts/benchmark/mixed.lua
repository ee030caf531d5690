-- wrk posts several bodies in turn, each to its own path: arguments are path, file, path, file, and so on.

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
   number = number + 1
   return requests[(number - 1) % #requests + 1]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "refused": %d, "broken": %d, "p50_ms": %.3f}\n',
      summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3
   ))
end
