-- Writes what one chunk changes, and how far the flow has come with it, in one step or not at all.
--
-- KEYS: the flow's hash of offsets.
-- ARGV: partition, the offset this chunk starts at ('' for nowhere yet), the next one,
--       in MessagePack {seen = {{key, seconds, bytes}...}, ops = {{name, argument...}...}, since = offset or nil},
--       and the ids of all events counted, 16 bytes each (this MessagePack knows no bytes).
-- Answers {'moved', offset} when another has written meanwhile, else {'done', result...}.

local SPAN = 8388608 -- 2^23: below it the tie-break, above it the score (features/leaderboards.py)
local HIGHEST = 1073741823

local at = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if at ~= ARGV[2] then return {'moved', at} end
local change = cmsgpack.unpack(ARGV[4])

local from = 1
for _, block in ipairs(change.seen) do
  redis.call('APPEND', block[1], string.sub(ARGV[5], from, from + block[3] - 1))
  redis.call('EXPIRE', block[1], block[2])
  from = from + block[3]
end

local results = {'done'}
local run = {}

-- key, field, value: keep the largest
function run.largest(key, field, value)
  local known = redis.call('HGET', key, field)
  if not known or tonumber(known) < value then redis.call('HSET', key, field, value) end
end

-- board, totals, members, mores, ties: add to totals and place their owners; of equals the one who got there first leads
function run.places(board, totals, members, mores, ties)
  local known = redis.call('HMGET', totals, unpack(members))
  local stood = redis.call('ZMSCORE', board, unpack(members))
  local sums, stands, gone = {}, {}, {}
  for i, member in ipairs(members) do
    local total, tie = tonumber(known[i] or 0) + mores[i], ties[i]
    if total <= 0 then -- all of it was taken back
      gone[#gone + 1] = member
    else
      if stood[i] then tie = math.max(tie, SPAN - 1 - tonumber(stood[i]) % SPAN) end
      sums[#sums + 1], sums[#sums + 2] = member, total
      stands[#stands + 1], stands[#stands + 2] = math.min(total, HIGHEST) * SPAN + (SPAN - 1 - tie), member
    end
  end
  if #sums > 0 then
    redis.call('HSET', totals, unpack(sums))
    redis.call('ZADD', board, unpack(stands))
  end
  if #gone > 0 then
    redis.call('HDEL', totals, unpack(gone))
    redis.call('ZREM', board, unpack(gone))
  end
end

-- key, counter, mark [, group, most]: count a mark once, and of one group not more than most
function run.mark(key, counter, mark, group, most)
  if redis.call('HSETNX', key, mark, 1) == 0 then return end
  if group and redis.call('HINCRBY', key, group, 1) > most then return end
  redis.call('HINCRBY', key, counter, 1)
end

-- person's hash, the day's hash, id, weights, boards: the day's experience anew (features/experience.py), and its level
function run.learn(person, day, id, weights, boards)
  local did = {}
  for i, name in ipairs({'slots', 'texts', 'reactions', 'watch', 'paid', 'prizes', 'xp'}) do
    did[name] = tonumber(redis.call('HGET', day, name) or 0)
  end
  local cap, most_spend, tokens, chat, reaction, watch = unpack(weights)
  local spend = math.min(most_spend, math.max(0, math.floor(did.paid / tokens)) + did.prizes)
  local talk = chat * math.min(did.slots, did.texts)
  local gained = math.min(cap, talk + spend + reaction * did.reactions + watch * did.watch) - did.xp
  if gained == 0 then return end -- less than nothing after a refund
  redis.call('HINCRBY', day, 'xp', gained)
  local xp = redis.call('HINCRBY', person, 'xp', gained)
  for _, board in ipairs(boards) do
    run.places(board[1], board[2], {id}, {gained}, {board[3]})
    if board[4] > 0 then
      redis.call('EXPIRE', board[1], board[4])
      redis.call('EXPIRE', board[2], board[4])
    end
  end
  local level = math.floor((50 + math.floor(math.sqrt(2500 + 200 * xp))) / 100)
  local before = tonumber(redis.call('HGET', person, 'level') or 1)
  if level ~= before then redis.call('HSET', person, 'level', level) end
  if level > before then results[#results + 1] = {id, level, xp} end
end

-- what somebody gives to a challenge, of its kind and in its time; a follower counts once
local function give(challenge, about, kind, user, second, more)
  if kind ~= about[1] or second < tonumber(about[2]) or second >= tonumber(about[3]) then return false end
  if kind == 'followers' then
    if redis.call('HEXISTS', about[4], user) == 1 then return false end
    more = 1
  end
  redis.call('HINCRBY', about[4], user, more)
  redis.call('HINCRBY', challenge, 'progress', more)
  return true
end

local function know(challenge)
  return redis.call('HMGET', challenge, 'kind', 'from', 'until', 'people', 'id')
end

-- challenge, changes, name, acts {kind, user, second, more}: what counts in the challenge that is on, if one is
function run.contribute(challenge, changes, name, acts)
  local about, gave = know(challenge), false
  if not about[1] then return end
  for _, act in ipairs(acts) do gave = give(challenge, about, unpack(act)) or gave end
  if gave then redis.call('HINCRBY', changes, name, 1) end
end

-- challenge, changes, name, fields, kept: begin a challenge with the acts of its time that were seen before it
function run.announce(challenge, changes, name, fields, kept)
  redis.call('DEL', challenge)
  redis.call('HSET', challenge, unpack(fields))
  local about, gave = know(challenge), false
  for _, key in ipairs(kept) do
    local acts = redis.call('HGETALL', key)
    for i = 1, #acts, 2 do
      local second, kind, user = string.match(acts[i], '^(%d+):([^:]+):(.+)$')
      gave = give(challenge, about, kind, user, tonumber(second), tonumber(acts[i + 1])) or gave
    end
  end
  if gave then redis.call('HINCRBY', changes, name, 1) end
end

-- challenge, changes, name, id, user, points: add to this challenge, whatever it counts
function run.help(challenge, changes, name, id, user, points)
  local about = know(challenge)
  if about[5] ~= id then return end
  redis.call('HINCRBY', about[4], user, points)
  redis.call('HINCRBY', challenge, 'progress', points)
  redis.call('HINCRBY', changes, name, 1)
end

for _, op in ipairs(change.ops) do
  local own = run[op[1]]
  if own then own(unpack(op, 2)) else redis.call(unpack(op)) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if change.since then redis.call('HSET', KEYS[1], ARGV[1] .. ':since', change.since) end
return results
