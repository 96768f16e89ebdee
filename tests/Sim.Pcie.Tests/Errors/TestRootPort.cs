using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Errors;

/// <summary>A Root Port on a bench: registers, handler, DPC, and what they asked of the platform.</summary>
internal sealed class TestRootPort : IContainedPort, IRootErrorPlatform
{
    public TestRootPort()
    {
        Config = new("RP");
        Type1Header.Add(Config, new(0x8086, 0x2F04, 0x060400));
        Express = PciExpressCapability.Add(Config, 0x90, new(PciePortType.RootPort));
        Aer = AerCapability.Add(Config, 0x100, new() { Errors = AerOptions.PortErrors, RootRegisters = true, InterruptMessageNumber = 3 });
        Dpc = DpcCapability.Add(Config, 0x180, new() { RootPortExtensions = true, InterruptMessageNumber = 5 });
        Controller = new(Trace, Express, Dpc, this);
        Reporter = new(Trace, Config, Express, Aer, this) { Dpc = Controller };
        Root = new(Trace, Express, Aer, this, this, Controller);
    }

    public ErrorTrace Trace { get; } = TestFunction.NewTrace();

    public ConfigSpace Config { get; }

    public PciExpressCapability Express { get; }

    public AerCapability Aer { get; }

    public DpcCapability Dpc { get; }

    public DpcController Controller { get; }

    public ErrorReporter Reporter { get; }

    public RootErrorHandler Root { get; }

    public RoutingId RoutingId { get; } = RoutingId.Parse("00:02.0");

    public List<int> Interrupts { get; } = [];

    public List<ErrorMessage> SystemErrors { get; } = [];

    public List<ErrorMessage> Sent { get; } = [];

    public int Contained { get; private set; }

    public int Released { get; private set; }

    public bool StaysBusy { get; set; }

    public void SendErrorMessage(in ErrorMessage message) => Sent.Add(message);

    public bool BeginContainment()
    {
        Contained++;
        return StaysBusy;
    }

    public void EndContainment() => Released++;

    public void SignalInterrupt(int messageNumber) => Interrupts.Add(messageNumber);

    public void RaiseSystemError(in ErrorMessage message) => SystemErrors.Add(message);
}
