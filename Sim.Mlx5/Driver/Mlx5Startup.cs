using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>
/// Brings a function up as drivers do, one stage at a time, so that a guest can be stopped between any two: firmware ready, command queue,
/// ENABLE_HCA, interface step, pages, capabilities, INIT_HCA, then UAR, asynchronous EQ, protection domain and a key over all memory.
/// </summary>
/// <param name="platform">Memory and registers.</param>
/// <param name="commands">The command interface.</param>
/// <param name="firmwarePages">Page-aligned address of the pages for firmware.</param>
/// <param name="pageLimit">How many there are.</param>
/// <param name="events">The asynchronous EQ.</param>
/// <param name="eventRing">Address of its entries.</param>
/// <param name="logEvents">log2 of its entries.</param>
public sealed class Mlx5Startup(
    IMlx5Platform platform, Mlx5CommandInterface commands, ulong firmwarePages, int pageLimit, EventQueueReader events, ulong eventRing,
    int logEvents)
{
    private const uint AllOnes = uint.MaxValue;
    private const int AsyncVector = 0;

    private const ulong AsyncEvents = 1UL << (int)EventType.CqError | 1UL << (int)EventType.WqCatastrophic
        | 1UL << (int)EventType.CommandCompletion | 1UL << (int)EventType.WqInvalidRequest
        | 1UL << (int)EventType.WqAccessError | 1UL << (int)EventType.InternalError;

    private static readonly SimDuration ReadyPoll = SimDuration.FromMicroseconds(10);

    /// <summary>Looks at the initializing bit before the driver gives up.</summary>
    private const int ReadyPolls = 1000;

    private enum Step
    {
        Ready,
        Enable,
        InterfaceStep,
        BootPages,
        Capabilities,
        InitPages,
        Init,
        Uar,
        Events,
        Pd,
        Mkey,
        Done,
    }

    /// <summary>Number of the stage that comes next: state that a driver carries along.</summary>
    public int Stage { get; set; }

    /// <summary>Whether everything is there.</summary>
    public bool IsDone => Stage == (int)Step.Done;

    /// <summary>Pages given to firmware.</summary>
    public int PagesGiven { get; set; }

    /// <summary>UAR.</summary>
    public uint Uar { get; set; }

    /// <summary>Protection domain.</summary>
    public uint Pd { get; set; }

    /// <summary>Key over all memory.</summary>
    public uint Mkey { get; set; }

    /// <summary>Carries out the next stage.</summary>
    /// <exception cref="Mlx5CommandException">A command failed; the stage can be tried again.</exception>
    /// <exception cref="TimeoutException">The function does not get ready, or reads all ones.</exception>
    public async Task StepAsync()
    {
        switch ((Step)Stage)
        {
            case Step.Ready:
                await BecomeReadyAsync();
                break;
            case Step.Enable:
                await commands.ExecuteAsync(CommandInput.Of(CommandOpcode.EnableHca));
                break;
            case Step.InterfaceStep:
                var issi = CommandInput.Of(CommandOpcode.SetIssi);
                HcaCommands.CurrentIssi.Set(issi, 1);
                await commands.ExecuteAsync(issi);
                break;
            case Step.BootPages:
                await GivePagesAsync(HcaCommands.BootPages);
                break;
            case Step.Capabilities:
                await SetCapabilitiesAsync();
                break;
            case Step.InitPages:
                await GivePagesAsync(HcaCommands.InitPages);
                break;
            case Step.Init:
                await commands.ExecuteAsync(CommandInput.Of(CommandOpcode.InitHca));
                break;
            case Step.Uar:
                Uar = events.Uar = await CreateAsync(CommandInput.Of(CommandOpcode.AllocUar));
                break;
            case Step.Events:
                events.Initialize();
                events.Number = await CreateAsync(CommandInput.CreateEq(Uar, logEvents, AsyncVector, eventRing, AsyncEvents));
                await events.ArmAsync();
                break;
            case Step.Pd:
                Pd = await CreateAsync(CommandInput.Of(CommandOpcode.AllocPd));
                break;
            case Step.Mkey:
                Mkey = await CreateAsync(CommandInput.CreateUnboundedMkey(Pd)) << 8;
                break;
            default:
                return;
        }

        Stage++;
    }

    /// <summary>Executes a command that creates an object.</summary>
    /// <returns>Its number.</returns>
    public async Task<uint> CreateAsync(byte[] input) => CommandHeader.CreatedNumber.Get(await commands.ExecuteAsync(input));

    private async Task BecomeReadyAsync()
    {
        for (var polls = 0; ; polls++)
        {
            var initializing = await platform.LoadAsync(InitSegment.Initializing);
            if (initializing >> 31 == 0) break;
            if (initializing == AllOnes || polls == ReadyPolls) throw new TimeoutException("the firmware does not get ready");
            await platform.Sim.Delay(ReadyPoll);
        }

        var revision = await platform.LoadAsync(InitSegment.CommandInterfaceRevision) >> 16;
        if (revision != InitSegment.SupportedInterfaceRevision)
            throw new TimeoutException($"command interface revision {revision}, not {InitSegment.SupportedInterfaceRevision}");
        commands.UsesSignatures = commands.UsesEvents = false;
        await commands.StartAsync();
    }

    private async Task GivePagesAsync(uint when)
    {
        var output = await commands.ExecuteAsync(CommandInput.Of(CommandOpcode.QueryPages, when));
        var wanted = (int)HcaCommands.PageCount.Get(output);
        if (wanted <= 0) return;
        if (PagesGiven + wanted > pageLimit)
            throw new InvalidOperationException($"firmware wants {PagesGiven + wanted} pages, there are {pageLimit}");
        await commands.ExecuteAsync(CommandInput.GivePages(firmwarePages + ((ulong)PagesGiven * 4096), wanted));
        PagesGiven += wanted;
    }

    /// <summary>Switches command signatures on where the device can check them.</summary>
    private async Task SetCapabilitiesAsync()
    {
        const int outputLength = HcaCommands.Capability + HcaCapabilities.Size;
        var maximum = await commands.ExecuteAsync(CommandInput.QueryCapabilities(HcaCapabilities.Maximum), outputLength);
        var current = await commands.ExecuteAsync(CommandInput.QueryCapabilities(HcaCapabilities.Current), outputLength);
        var checksum = HcaCapabilities.CommandChecksum.Get(maximum.AsSpan(HcaCommands.Capability));
        var wanted = current.AsSpan(HcaCommands.Capability).ToArray();
        HcaCapabilities.CommandChecksum.Set(wanted, checksum);
        await commands.ExecuteAsync(CommandInput.SetCapabilities(wanted));
        commands.UsesSignatures = checksum == HcaCapabilities.ChecksumEnabled;
    }
}
