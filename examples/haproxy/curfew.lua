-- Forward auth for HAProxy: asks Curfew about a request, and lets it through or answers it.

-- Where Curfew is. HAProxy's client needs an address here, or a `resolvers` section named `default`.
local url = "http://127.0.0.1:4455/forward-auth?mode=haproxy"
-- In milliseconds, and up to four times: HAProxy's client asks again by itself.
local timeout = 2500

-- One line for each header of gateway.headers, in lower case. What the client sent as one of them never
-- reaches the application. `cookie` are the client's cookies without Curfew's.
local identity = {
  "x-auth-request-user",
  "x-auth-request-email",
  "x-auth-request-groups",
  "cookie",
}

-- They belong to one connection, or describe a body that Curfew does not get.
local not_asked = {
  ["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["content-length"] = true,
  ["transfer-encoding"] = true, ["te"] = true, ["trailer"] = true, ["expect"] = true,
  ["proxy-connection"] = true,
  -- Set below from what HAProxy itself knows.
  ["x-forwarded-method"] = true, ["x-forwarded-proto"] = true, ["x-forwarded-host"] = true,
  ["x-forwarded-uri"] = true,
}

-- What the client sees of an answer that is not 200.
local shown = {
  ["location"] = true, ["set-cookie"] = true, ["www-authenticate"] = true, ["retry-after"] = true,
  ["content-type"] = true, ["cache-control"] = true,
}

local function unavailable(txn)
  local reply = txn:reply({ status = 503 })
  reply:add_header("cache-control", "no-store")
  reply:add_header("retry-after", "5")
  reply:add_header("content-type", "application/problem+json")
  reply:set_body('{"type":"urn:curfew:problem:unavailable","code":"unavailable","title":"Not available just now","status":503}')
  txn:done(reply)
end

-- HAProxy counts the values of a header from 0.
local function in_order(values)
  local list = { values[0] }
  for _, value in ipairs(values) do list[#list + 1] = value end
  return list
end

local function question(txn, received)
  local headers = {}
  for name, values in pairs(received) do
    if not not_asked[name] then headers[name] = in_order(values) end
  end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
  headers["x-forwarded-host"] = { received["host"] and received["host"][0] or "" }
  headers["x-forwarded-uri"] = { txn.f:pathq() }
  return headers
end

local function answer(txn, response)
  local reply = txn:reply({ status = response.status })
  for name, values in pairs(response.headers) do
    if shown[name] then
      for _, value in ipairs(in_order(values)) do reply:add_header(name, value) end
    end
  end
  reply:set_body(response.body or "")
  txn:done(reply)
end

-- Where Curfew does not answer, HAProxy's client makes a page with a 5xx by itself. Curfew's own names a time.
local function is_answer(response)
  local status = response and response.status or 0
  return status >= 200 and (status < 500 or response.headers["retry-after"] ~= nil)
end

core.register_action("curfew", { "http-req" }, function(txn)
  local received = txn.http:req_get_headers()
  local response = core.httpclient():get({
    url = url,
    headers = question(txn, received),
    timeout = timeout,
  })
  if not is_answer(response) then return unavailable(txn) end
  if response.status ~= 200 then return answer(txn, response) end
  for _, name in ipairs(identity) do
    txn.http:req_del_header(name)
    local value = in_order(response.headers[name] or {})[1]
    if value and value ~= "" then txn.http:req_set_header(name, value) end
  end
end, 0)
