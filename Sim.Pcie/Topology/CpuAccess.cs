using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>What a CPU load brought back.</summary>
/// <param name="Value">Little-endian value; all ones where no data came, as x86 Root Complexes synthesise.</param>
/// <param name="Status">Completion Status; <see cref="CompletionStatus.UnsupportedRequest"/> also where nobody claimed the address.</param>
/// <param name="TimedOut">No completion came within the Completion Timeout.</param>
/// <param name="Issued">When the CPU issued it.</param>
/// <param name="Completed">When the CPU had the value.</param>
public readonly record struct CpuLoad(ulong Value, CompletionStatus Status, bool TimedOut, SimTime Issued, SimTime Completed)
{
    /// <summary>The Root Port asked for a synchronous exception in the CPU (RP PIO Exception, §6.2.11.3).</summary>
    public bool Exception { get; init; }

    /// <summary>The data is poisoned (§2.7.2): what it is worth to the CPU is the platform's choice; the value is all ones.</summary>
    public bool Poisoned { get; init; }

    /// <summary>Whether the device answered with good data.</summary>
    public bool Succeeded => Status == CompletionStatus.Successful && !TimedOut && !Poisoned;
}

/// <summary>What a configuration read brought back: all ones unless <see cref="CompletionStatus.Successful"/>.</summary>
public readonly record struct ConfigResult(uint Value, CompletionStatus Status);
