using Sim.Core;

namespace Sim.Mlx5.Driver;

/// <summary>
/// What an mlx5 driver stands on: memory that the device can reach, and the registers of BAR0. In a host that is the CPU, in a guest a
/// vCPU.
/// </summary>
public interface IMlx5Platform
{
    /// <summary>The engine.</summary>
    Simulator Sim { get; }

    /// <summary>Reads memory at an address as the device uses it.</summary>
    void Read(ulong address, Span<byte> destination);

    /// <summary>Writes memory at an address as the device uses it.</summary>
    void Write(ulong address, ReadOnlySpan<byte> source);

    /// <summary>Stores big-endian DWs to BAR0: one, or two in one access.</summary>
    /// <param name="offset">Byte offset in BAR0.</param>
    /// <param name="value">The DW; of two, the first in bits 63:32.</param>
    /// <param name="bytes">4 or 8.</param>
    Task StoreAsync(ulong offset, ulong value, int bytes = 4);

    /// <summary>Loads a big-endian DW from BAR0; all ones where nothing came.</summary>
    Task<uint> LoadAsync(ulong offset);
}
