namespace Sim.Pcie.Topology;

/// <summary>Where the data of a read comes from: host memory, or the registers behind a BAR.</summary>
internal interface IReadSource
{
    /// <summary>Fills <paramref name="destination"/> with the bytes at <paramref name="address"/> and up.</summary>
    void Read(ulong address, Span<byte> destination);
}
