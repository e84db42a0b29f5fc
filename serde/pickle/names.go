package pickle

// python3Name returns the Python 3 name of a class or function that Python 2 knew under
// module and name. Pickles below protocol 3 carry Python 2 names; Python reads them by
// the tables of its module _compat_pickle, and so does this.
func python3Name(module, name string) (string, string) {
	switch module {
	case "UserDict":
		switch name {
		case "IterableUserDict":
			return "collections", "UserDict"
		}
		return "collections", name
	case "__builtin__":
		switch name {
		case "reduce":
			return "functools", name
		case "intern":
			return "sys", name
		case "basestring", "unicode":
			return "builtins", "str"
		case "long":
			return "builtins", "int"
		case "unichr":
			return "builtins", "chr"
		case "xrange":
			return "builtins", "range"
		}
		return "builtins", name
	case "_multiprocessing":
		switch name {
		case "Connection":
			return "multiprocessing.connection", name
		}
	case "_socket":
		switch name {
		case "fromfd":
			return "socket", name
		}
	case "exceptions":
		if name == "StandardError" {
			return "builtins", "Exception"
		}
		if isPython2Exception(name) {
			return "builtins", name
		}
	case "itertools":
		switch name {
		case "ifilter":
			return "builtins", "filter"
		case "ifilterfalse":
			return "itertools", "filterfalse"
		case "imap":
			return "builtins", "map"
		case "izip":
			return "builtins", "zip"
		case "izip_longest":
			return "itertools", "zip_longest"
		}
	case "multiprocessing":
		switch name {
		case "AuthenticationError", "BufferTooShort", "ProcessError", "TimeoutError":
			return "multiprocessing.context", name
		}
	case "multiprocessing.forking":
		switch name {
		case "Popen":
			return "multiprocessing.popen_fork", name
		}
	case "multiprocessing.process":
		switch name {
		case "Process":
			return "multiprocessing.context", name
		}
	case "socket":
		switch name {
		case "_socketobject":
			return "socket", "SocketType"
		}
	case "urllib":
		switch name {
		case "ContentTooShortError":
			return "urllib.error", name
		case "quote", "quote_plus", "unquote", "unquote_plus", "urlencode":
			return "urllib.parse", name
		case "getproxies", "pathname2url", "url2pathname", "urlcleanup", "urlopen",
			"urlretrieve":
			return "urllib.request", name
		}
	case "urllib2":
		switch name {
		case "HTTPError", "URLError":
			return "urllib.error", name
		}
		return "urllib.request", name
	case "dummy_thread":
		return "_dummy_thread", name
	case "markupbase":
		return "_markupbase", name
	case "thread":
		return "_thread", name
	case "UserList", "UserString":
		return "collections", name
	case "_abcoll":
		return "collections.abc", name
	case "ConfigParser":
		return "configparser", name
	case "copy_reg":
		return "copyreg", name
	case "anydbm", "whichdb":
		return "dbm", name
	case "dbhash":
		return "dbm.bsd", name
	case "dumbdbm":
		return "dbm.dumb", name
	case "gdbm":
		return "dbm.gnu", name
	case "dbm":
		return "dbm.ndbm", name
	case "htmlentitydefs":
		return "html.entities", name
	case "HTMLParser":
		return "html.parser", name
	case "httplib":
		return "http.client", name
	case "cookielib":
		return "http.cookiejar", name
	case "Cookie":
		return "http.cookies", name
	case "BaseHTTPServer", "CGIHTTPServer", "SimpleHTTPServer":
		return "http.server", name
	case "StringIO", "cStringIO":
		return "io", name
	case "cPickle":
		return "pickle", name
	case "Queue":
		return "queue", name
	case "repr":
		return "reprlib", name
	case "SocketServer":
		return "socketserver", name
	case "commands":
		return "subprocess", name
	case "test.test_support":
		return "test.support", name
	case "Tkinter":
		return "tkinter", name
	case "tkColorChooser":
		return "tkinter.colorchooser", name
	case "tkCommonDialog":
		return "tkinter.commondialog", name
	case "Tkconstants":
		return "tkinter.constants", name
	case "Dialog":
		return "tkinter.dialog", name
	case "Tkdnd":
		return "tkinter.dnd", name
	case "FileDialog", "tkFileDialog":
		return "tkinter.filedialog", name
	case "tkFont":
		return "tkinter.font", name
	case "tkMessageBox":
		return "tkinter.messagebox", name
	case "ScrolledText":
		return "tkinter.scrolledtext", name
	case "SimpleDialog", "tkSimpleDialog":
		return "tkinter.simpledialog", name
	case "Tix":
		return "tkinter.tix", name
	case "ttk":
		return "tkinter.ttk", name
	case "urlparse":
		return "urllib.parse", name
	case "robotparser":
		return "urllib.robotparser", name
	case "_winreg":
		return "winreg", name
	case "_elementtree":
		return "xml.etree.ElementTree", name
	case "xmlrpclib":
		return "xmlrpc.client", name
	case "DocXMLRPCServer", "SimpleXMLRPCServer":
		return "xmlrpc.server", name
	}
	return module, name
}
