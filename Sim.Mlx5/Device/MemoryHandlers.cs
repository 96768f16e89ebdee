using Sim.Mlx5.Spec;
using static Sim.Mlx5.Spec.CommandStatus;

namespace Sim.Mlx5.Device;

/// <summary>Commands on device memory and on the GIDs of a function.</summary>
internal static class MemoryHandlers
{
    public static CommandStatus? AllocMemic(CommandCall call)
    {
        if (call.Function.Memory is not { } memory) return BadOperation;
        var (bytes, alignment) = (MemicCommands.AllocSize.Get(call.Input), MemicCommands.LogAlignment.Get(call.Input));
        if (bytes is 0 or > BarLayout.DeviceMemorySize || alignment > DeviceMemory.LogMaxAlignment) return BadParameter;
        if (memory.Allocate(bytes, (int)alignment) is not { } offset) return NoResources;
        MemicCommands.Allocated.Set(call.Output, (ulong)(BarLayout.DeviceMemory + offset));
        return Ok;
    }

    public static CommandStatus? DeallocMemic(CommandCall call)
    {
        if (call.Function.Memory is not { } memory) return BadOperation;
        var start = MemicCommands.Start.Get(call.Input);
        return start >= BarLayout.DeviceMemory && memory.Free(start - BarLayout.DeviceMemory, MemicCommands.Size.Get(call.Input))
            ? Ok
            : BadResource;
    }

    public static CommandStatus? SetRoceAddress(CommandCall call)
    {
        var index = RoceAddress.Index.Get(call.Input);
        if (index >= RoceAddress.TableSize) return BadIndex;
        call.Input.Slice(RoceAddress.Gid, RoceAddress.GidSize).CopyTo(Entry(call, index));
        return Ok;
    }

    public static CommandStatus? QueryRoceAddress(CommandCall call)
    {
        var index = RoceAddress.Index.Get(call.Input);
        if (index >= RoceAddress.TableSize) return BadIndex;
        Entry(call, index).CopyTo(call.Output[RoceAddress.Gid..]);
        return Ok;
    }

    private static Span<byte> Entry(CommandCall call, uint index) =>
        call.Function.Vhca.Gids.AsSpan((int)index * RoceAddress.GidSize, RoceAddress.GidSize);
}
