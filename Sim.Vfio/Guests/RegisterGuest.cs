using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Guests;

/// <summary>A guest that drives the passive device (<see cref="PassiveLayout"/>): each job stores a number to a register, and before the
/// register's next turn looks whether the number is still there.</summary>
/// <param name="jobs">Jobs in all; 0 for a guest that leaves its device alone.</param>
/// <param name="interval">Pause between two jobs.</param>
public sealed class RegisterGuest(int jobs, SimDuration interval) : IGuestProgram
{
    private const int Bar = 0;

    private int _done;
    private int _wrong;

    /// <summary>Jobs done.</summary>
    public int Completed => _done;

    /// <summary>Registers that did not hold what was stored last.</summary>
    public int Wrong => _wrong;

    /// <inheritdoc/>
    public async Task<SimDuration?> StepAsync(Vcpu cpu)
    {
        if (_done >= jobs) return null;
        if (_done >= PassiveLayout.FileRegisters)
        {
            var held = (uint)(await cpu.LoadAsync(0, Bar, Register(_done))).Value;
            if (held != (uint)(_done - PassiveLayout.FileRegisters + 1)) _wrong++;
        }

        await cpu.StoreAsync(0, Bar, Register(_done), (uint)_done + 1);
        _done++;
        return interval;
    }

    /// <inheritdoc/>
    public Task InterruptAsync(Vcpu cpu, int device, int vector) => Task.CompletedTask;

    /// <inheritdoc/>
    public byte[] Save() => [.. BitConverter.GetBytes(_done), .. BitConverter.GetBytes(_wrong)];

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> state) => (_done, _wrong) = (BitConverter.ToInt32(state), BitConverter.ToInt32(state[4..]));

    private static ulong Register(int job) => (ulong)(PassiveLayout.FileBase + (job % PassiveLayout.FileRegisters * 4));
}
