using System.Buffers.Binary;
using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

/// <summary>The platform of a driver in a guest: its memory, and BAR0 through the VMM's mapping.</summary>
/// <param name="cpu">The vCPU that the driver runs on.</param>
/// <param name="device">Which of the guest's devices it drives.</param>
public sealed class GuestPlatform(Vcpu cpu, int device) : IMlx5Platform
{
    /// <summary>The vCPU.</summary>
    public Vcpu Cpu => cpu;

    /// <inheritdoc/>
    public Simulator Sim => cpu.Sim;

    /// <inheritdoc/>
    public void Read(ulong address, Span<byte> destination) => cpu.Memory.Read(address, destination);

    /// <inheritdoc/>
    public void Write(ulong address, ReadOnlySpan<byte> source) => cpu.Memory.Write(address, source);

    /// <inheritdoc/>
    public Task StoreAsync(ulong offset, ulong value, int bytes = 4)
    {
        var raw = bytes == 8 ? BinaryPrimitives.ReverseEndianness(value) : BinaryPrimitives.ReverseEndianness((uint)value);
        return cpu.StoreAsync(device, BarLayout.Bar, offset, raw, bytes);
    }

    /// <inheritdoc/>
    public async Task<uint> LoadAsync(ulong offset) =>
        BinaryPrimitives.ReverseEndianness((uint)(await cpu.LoadAsync(device, BarLayout.Bar, offset)).Value);
}
