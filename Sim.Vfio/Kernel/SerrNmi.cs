namespace Sim.Vfio.Kernel;

/// <summary>A system error that reaches the CPU as an SERR NMI: the kernel panics or goes on dazed.</summary>
internal static class SerrNmi
{
    public static void Handle(HostKernel kernel, PciFunction port)
    {
        var error = new ErrorCase(kernel, port, null, "kernel");
        error.Tell("takes the system error as an SERR NMI, which names no Function: "
            + (kernel.Policy.PanicOnUnrecoveredNmi ? "it panics" : "it goes on"));
        kernel.Log.Write(KernelLogLevel.Emergency, SerrText.Nmi());
        if (kernel.Policy.PanicOnUnrecoveredNmi) kernel.Panic(port, SerrText.Panic);
        else kernel.Log.Write(KernelLogLevel.Emergency, SerrText.Continuing);
    }
}
