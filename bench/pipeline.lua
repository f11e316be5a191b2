-- Sends DEPTH requests at once, DEPTH being the argument after "--"; wrk counts the replies.
function init(args)
  local requests = {}
  for i = 1, tonumber(args[1] or 16) do requests[i] = wrk.format("GET", "/hello") end
  pipeline = table.concat(requests)
end

function request() return pipeline end
