using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Topology;

namespace Sim.Mlx5.Driver;

/// <summary>
/// The platform of a driver in the host: its memory is host memory at the addresses that the function's IOMMU domain maps one to one.
/// </summary>
/// <param name="root">The Root Complex.</param>
/// <param name="bar">Host physical address of BAR0.</param>
public sealed class HostPlatform(RootComplex root, ulong bar) : IMlx5Platform
{
    /// <inheritdoc/>
    public Simulator Sim => root.Sim;

    /// <inheritdoc/>
    public void Read(ulong address, Span<byte> destination) => root.Memory.Read(address, destination);

    /// <inheritdoc/>
    public void Write(ulong address, ReadOnlySpan<byte> source) => root.Memory.Write(address, source);

    /// <inheritdoc/>
    public Task StoreAsync(ulong offset, ulong value, int bytes = 4)
    {
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(raw, bytes == 8 ? value : value << 32);
        root.Store(bar + offset, raw[..bytes]);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<uint> LoadAsync(ulong offset)
    {
        var load = await root.LoadAsync(bar + offset, 4);
        return BinaryPrimitives.ReverseEndianness((uint)load.Value);
    }
}
