using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>What a kind of device brings to a scenario: hardware, host driver, guest driver, and where its landmarks lie.</summary>
internal interface IDevicePersonality
{
    /// <summary>MSI-X vectors that its guest driver uses.</summary>
    int GuestVectors { get; }

    /// <summary>BAR and offset of the register that starts work when it is stored to.</summary>
    (int Bar, ulong Offset) Doorbell { get; }

    /// <summary>BAR and offset of a register that tells by its value that the device is alive.</summary>
    (int Bar, ulong Offset) Identity { get; }

    /// <summary>BAR and offset of a counter that advances while the device is healthy.</summary>
    (int Bar, ulong Offset) Health { get; }

    /// <summary>Whether an offset belongs to users at all: migration registers and interrupt tables do not.</summary>
    bool IsUserRegister(int bar, ulong offset);

    PcieDevice Build(Simulator sim, string name, DeviceItem item);

    /// <summary>Starts the PF's host driver.</summary>
    Task StartAsync(Machine machine, DeviceUnit device);

    /// <summary>The migration driver of one of its VFs; null where the device offers no migration.</summary>
    Task<IVariantDriver?> ProbeMigrationAsync(Machine machine, PciFunction function, int vf);

    /// <summary>A guest that drives device 0 with some jobs at a pace.</summary>
    IGuestProgram Guest(int jobs, int bytes, SimDuration interval);

    /// <summary>A guest whose devices stream to each other, where this device is the first; null where its kind brings none.</summary>
    /// <param name="devices">All its devices, this one first.</param>
    /// <param name="items">Items that each device sends.</param>
    /// <param name="bytes">Size of an item.</param>
    /// <param name="batch">Items posted at once.</param>
    /// <param name="interval">Pause between two batches.</param>
    IGuestProgram? StreamGuest(IReadOnlyList<EndpointFunction> devices, int items, int bytes, int batch, SimDuration interval) => null;

    /// <summary>Whether a guest has set its device up and can begin its jobs.</summary>
    bool IsReady(IGuestProgram guest);

    /// <summary>Jobs done, and what the guest noticed that was not right.</summary>
    (int Completed, IReadOnlyList<GuestProblem> Problems) Report(IGuestProgram guest);
}
