-- ARGV  1 kind, 2 object, 3 resourceVersion of the deletion, or empty when nobody knows.
-- Returns whom it belonged to.
local kind, object, version = ARGV[1], ARGV[2], ARGV[3]
local old = known(kind, object)
if old and version ~= '' and newer(old.version, version) then return '' end
if version == '' then version = old and old.version or '' end
if version ~= '' then bury(object, version) end
if not old then return '' end
drop(kind, object, old.owner)
return old.owner
