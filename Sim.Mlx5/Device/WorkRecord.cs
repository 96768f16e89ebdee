using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>A work request that completed, shown when its completion entry is written.</summary>
/// <param name="Function">The function.</param>
/// <param name="Qp">QP number.</param>
/// <param name="WqeIndex">Index of its WQE.</param>
/// <param name="Opcode">What it was.</param>
/// <param name="Bytes">Bytes it moved.</param>
/// <param name="Syndrome">Why it failed, or <see cref="CqeSyndrome.None"/>.</param>
public readonly record struct WorkRecord(
    Mlx5Function Function, uint Qp, ushort WqeIndex, WqeOpcode Opcode, ulong Bytes, CqeSyndrome Syndrome);
