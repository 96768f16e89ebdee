-- Dissects the TLPs of a trace.pcapng that PcieSim wrote, and of captures in the NetTLP framing: UDP ports 12288 to 12544, a sequence number,
-- a time stamp, then a non-FLIT TLP (PCIe Base Specification, chapter 2.2) as it is on the wire. The fields bear the names of events.jsonl.
--
--   tshark -X lua_script:tools/pciesim-tlp.lua -r trace.pcapng -T fields -e pcietlp.type -e pcietlp.requester_id -e pcietlp.address
--   wireshark -X lua_script:tools/pciesim-tlp.lua trace.pcapng

local tlp = Proto("pcietlp", "PCI Express Transaction Layer Packet")
local f = {
  sequence = ProtoField.uint16("pcietlp.sequence", "Sequence of the capture"),
  timestamp = ProtoField.uint32("pcietlp.timestamp", "Time stamp of the capture"),
  prefix = ProtoField.uint32("pcietlp.prefix", "TLP Prefix", base.HEX),
  type = ProtoField.string("pcietlp.type", "TLP"),
  fmt = ProtoField.uint8("pcietlp.fmt", "Fmt"),
  length_dw = ProtoField.uint16("pcietlp.length_dw", "Length in DW"),
  tc = ProtoField.uint8("pcietlp.tc", "Traffic Class"),
  no_snoop = ProtoField.bool("pcietlp.attr.no_snoop", "No Snoop"),
  relaxed_ordering = ProtoField.bool("pcietlp.attr.relaxed_ordering", "Relaxed Ordering"),
  id_based_ordering = ProtoField.bool("pcietlp.attr.id_based_ordering", "ID-Based Ordering"),
  th = ProtoField.bool("pcietlp.th", "TLP Hints"),
  td = ProtoField.bool("pcietlp.td", "TLP Digest"),
  ep = ProtoField.bool("pcietlp.ep", "Poisoned"),
  at = ProtoField.uint8("pcietlp.at", "Address Type"),
  requester_id = ProtoField.string("pcietlp.requester_id", "Requester ID"),
  tag = ProtoField.uint16("pcietlp.tag", "Tag"),
  first_be = ProtoField.uint8("pcietlp.first_be", "First DW Byte Enables"),
  last_be = ProtoField.uint8("pcietlp.last_be", "Last DW Byte Enables"),
  address = ProtoField.uint64("pcietlp.address", "Address", base.HEX),
  processing_hint = ProtoField.uint8("pcietlp.processing_hint", "Processing Hint"),
  steering_tag = ProtoField.uint8("pcietlp.steering_tag", "Steering Tag"),
  no_write = ProtoField.bool("pcietlp.no_write", "No Write"),
  destination_id = ProtoField.string("pcietlp.destination_id", "Destination"),
  register = ProtoField.uint16("pcietlp.register", "Register"),
  completer_id = ProtoField.string("pcietlp.completer_id", "Completer ID"),
  status = ProtoField.string("pcietlp.status", "Completion Status"),
  bcm = ProtoField.bool("pcietlp.bcm", "Byte Count Modified"),
  byte_count = ProtoField.uint16("pcietlp.byte_count", "Byte Count"),
  lower_address = ProtoField.uint8("pcietlp.lower_address", "Lower Address"),
  message_code = ProtoField.uint8("pcietlp.message_code", "Message Code"),
  message_routing = ProtoField.uint8("pcietlp.message_routing", "Message routing"),
  message_dw2 = ProtoField.uint32("pcietlp.message_dw2", "Message, third DW", base.HEX),
  message_dw3 = ProtoField.uint32("pcietlp.message_dw3", "Message, fourth DW", base.HEX),
  payload = ProtoField.bytes("pcietlp.payload", "Payload"),
  ecrc = ProtoField.uint32("pcietlp.ecrc", "ECRC", base.HEX),
}
tlp.fields = f

-- Type[4:0] by Fmt[1], with data or without (Table 2-3).
local without_data = { [0x00] = "MRd", [0x01] = "MRdLk", [0x02] = "IORd", [0x04] = "CfgRd0", [0x05] = "CfgRd1", [0x0a] = "Cpl",
  [0x0b] = "CplLk" }
local with_data = { [0x00] = "MWr", [0x02] = "IOWr", [0x04] = "CfgWr0", [0x05] = "CfgWr1", [0x0a] = "CplD", [0x0b] = "CplDLk",
  [0x0c] = "FetchAdd", [0x0d] = "Swap", [0x0e] = "CAS", [0x1b] = "DMWr" }
local statuses = { [0] = "SC", [1] = "UR", [2] = "RRS", [4] = "CA" }

local function bits(value, lowest, count) return bit.band(bit.rshift(value, lowest), bit.lshift(1, count) - 1) end
local function flag(value, which) return bits(value, which, 1) == 1 end
local function id(value) return string.format("%02x:%02x.%d", bits(value, 8, 8), bits(value, 3, 5), bits(value, 0, 3)) end

local function dissect_tlp(buffer, pinfo, tree)
  local at = 0
  while at + 4 <= buffer:len() and bits(buffer(at, 1):uint(), 5, 3) == 4 do
    tree:add(f.prefix, buffer(at, 4))
    at = at + 4
  end
  if buffer:len() < at + 12 then return end
  local dw = function(n) return buffer(at + 4 * n, 4):uint() end
  local range = function(n) return buffer(at + 4 * n, 4) end
  local fmt, kind = bits(dw(0), 29, 3), bits(dw(0), 24, 5)
  local data, header = flag(fmt, 1), flag(fmt, 0) and 4 or 3
  if buffer:len() < at + 4 * header then return end
  local message = bits(kind, 3, 2) == 2
  local name = message and (data and "MsgD" or "Msg") or (data and with_data or without_data)[kind] or "reserved"
  local completion = bit.band(kind, 0x1e) == 0x0a
  local atomic = name == "FetchAdd" or name == "Swap" or name == "CAS"
  local hints = flag(dw(0), 16)

  tree:add(f.type, range(0), name)
  tree:add(f.fmt, range(0), fmt)
  local has_length = not (name == "Msg" or name == "Cpl" or name == "CplLk")
  local length = (bits(dw(0), 0, 10) + 1023) % 1024 + 1
  tree:add(f.length_dw, range(0), has_length and length or 0)
  tree:add(f.tc, range(0), bits(dw(0), 20, 3))
  tree:add(f.no_snoop, range(0), flag(dw(0), 12))
  tree:add(f.relaxed_ordering, range(0), flag(dw(0), 13))
  tree:add(f.id_based_ordering, range(0), flag(dw(0), 18))
  tree:add(f.th, range(0), hints)
  tree:add(f.td, range(0), flag(dw(0), 15))
  tree:add(f.ep, range(0), flag(dw(0), 14))
  tree:add(f.at, range(0), bits(dw(0), 10, 2))
  local requester = completion and 2 or 1
  tree:add(f.requester_id, range(requester), id(bits(dw(requester), 16, 16)))
  tree:add(f.tag, range(requester), bits(dw(requester), 8, 8) + 256 * bits(dw(0), 19, 1) + 512 * bits(dw(0), 23, 1))

  if completion then
    tree:add(f.completer_id, range(1), id(bits(dw(1), 16, 16)))
    tree:add(f.status, range(1), statuses[bits(dw(1), 13, 3)] or "reserved")
    tree:add(f.bcm, range(1), flag(dw(1), 12))
    tree:add(f.byte_count, range(1), (bits(dw(1), 0, 12) + 4095) % 4096 + 1)
    tree:add(f.lower_address, range(2), bits(dw(2), 0, 7))
  elseif message then
    tree:add(f.message_code, range(1), bits(dw(1), 0, 8))
    tree:add(f.message_routing, range(0), bits(kind, 0, 3))
    if bits(kind, 0, 3) == 2 then tree:add(f.destination_id, range(2), id(bits(dw(2), 16, 16))) end
    if dw(2) ~= 0 then tree:add(f.message_dw2, range(2)) end
    if dw(3) ~= 0 then tree:add(f.message_dw3, range(3)) end
  else
    local implied = hints and (name == "MRd" or name == "MRdLk" or name == "DMWr") -- The Steering Tag stands in their place.
    if not atomic then
      tree:add(f.first_be, range(1), implied and 15 or bits(dw(1), 0, 4))
      tree:add(f.last_be, range(1), implied and (length == 1 and 0 or 15) or bits(dw(1), 4, 4))
    end
    if kind == 4 or kind == 5 then
      tree:add(f.destination_id, range(2), id(bits(dw(2), 16, 16)))
      tree:add(f.register, range(2), bit.band(dw(2), 0xffc))
    else
      local low = dw(header - 1)
      tree:add(f.address, range(header - 1), UInt64.new(low - low % 4, header == 4 and dw(2) or 0))
      if hints and kind ~= 2 then
        tree:add(f.processing_hint, range(header - 1), bits(low, 0, 2))
        tree:add(f.steering_tag, range(1), name == "MWr" and bits(dw(1), 8, 8) or bits(dw(1), 0, 8))
      elseif bits(dw(0), 10, 2) == 1 and name == "MRd" and flag(low, 0) then
        tree:add(f.no_write, range(header - 1), true)
      end
    end
  end

  local payload = data and has_length and 4 * length or 0
  local rest = at + 4 * header
  if payload > 0 and buffer:len() > rest then
    tree:add(f.payload, buffer(rest, math.min(payload, buffer:len() - rest)))
  end
  if flag(dw(0), 15) and buffer:len() >= rest + payload + 4 then tree:add(f.ecrc, buffer(rest + payload, 4)) end
  pinfo.cols.protocol = "PCIe TLP"
  pinfo.cols.info = name .. " from " .. id(bits(dw(requester), 16, 16))
end

function tlp.dissector(buffer, pinfo, root)
  if buffer:len() < 18 then return 0 end
  local tree = root:add(tlp, buffer())
  tree:add(f.sequence, buffer(0, 2))
  tree:add(f.timestamp, buffer(2, 4))
  dissect_tlp(buffer(6):tvb(), pinfo, tree)
  return buffer:len()
end

DissectorTable.get("udp.port"):add("12288-12544", tlp)
